/** Layers: ordered stages of a run, each with suites, limits and a place in the foreground or the background. */
import { z } from 'zod';
import { EnvironmentWord } from '../environment-names.js';
import { PRIORITIES } from '../priority.js';
import { RunOptions, Source, StartRun } from '../run.schema.js';

export const STANDARD_LAYERS = ['fast_feedback', 'core_integration', 'service_integration', 'e2e_background'] as const;

export const MODES = [
  'fast_feedback',
  'layered_execution',
  'background_e2e',
  'hybrid_execution',
  'custom_mode',
] as const;
export const Mode = z.enum(MODES).meta({ id: 'RunMode' });
export type Mode = z.infer<typeof Mode>;

const Id = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,59}$/, 'lower-case letters, digits, _ and - only');

export const Category = z
  .strictObject({
    name: z.string().min(1).max(100).describe('Name of the suite that it runs.'),
    timeout_seconds: z.int().min(1).max(86_400).default(300).describe('After so many seconds it is cut.'),
    max_parallel_instances: z.int().min(1).max(256).default(2).describe('Most batches of it at one time.'),
    custom_settings: z
      .looseObject({
        framework: z.string().max(100).optional().describe('For readers; the suite itself knows its framework.'),
        parameters: z.record(z.string(), z.unknown()).optional(),
      })
      .optional()
      .describe('Handed on untouched; `parameters.filter` chooses test files.'),
  })
  .meta({ id: 'LayerCategory' });
export type Category = z.infer<typeof Category>;

export const Layer = z
  .strictObject({
    name: z.string().min(1).max(200),
    description: z.string().max(2000).default(''),
    priority: z
      .int()
      .min(1)
      .max(10)
      .default(5)
      .describe('1 is most important; where time is short, larger numbers are cut first.'),
    execution_order: z.int().min(0).max(1000).default(5).describe('Layers with the same number run at the same time.'),
    max_duration_minutes: z
      .number()
      .positive()
      .max(1440)
      .default(45)
      .describe('After so many minutes the layer is cut.'),
    execution_mode: z
      .enum(['parallel', 'sequential'])
      .default('parallel')
      .describe('Whether its categories run at the same time.'),
    background: z
      .boolean()
      .optional()
      .describe('Runs behind the verdict where the mode has a background. Default: only `e2e_background`.'),
    custom_config: z
      .looseObject({ feature_flags: z.array(z.string().max(100)).max(100).optional() })
      .optional()
      .describe('Handed on untouched to the result of the layer.'),
    resources: z
      .strictObject({
        max_memory_mb: z.int().min(1).optional(),
        max_cpu_percent: z.number().positive().max(100_000).optional(),
      })
      .optional()
      .describe('What the layer asks of a machine; more than the document’s limits is refused before anything runs.'),
    categories: z.array(Category).min(1).max(200),
  })
  .meta({ id: 'Layer' });
export type Layer = z.infer<typeof Layer>;

export const LayersDocument = z
  .strictObject({
    layers: z.record(Id, Layer).refine((all) => Object.keys(all).length > 0, 'names no layer'),
    mode: Mode.optional(),
    max_total_duration_minutes: z.number().positive().max(10_080).optional(),
    enable_background_execution: z.boolean().optional(),
    max_memory_per_layer: z.int().min(1).optional().describe('MiB that a layer may ask for.'),
    environments: z
      .record(z.string(), z.looseObject({}))
      .optional()
      .describe('Overlays by environment, merged into the document.'),
    modes: z
      .strictObject({
        custom_mode: z
          .strictObject({
            prepare: z.string().max(100).optional().describe('Category that runs first; red: nothing else runs.'),
            layers: z
              .array(Id)
              .min(1)
              .max(50)
              .optional()
              .describe('Layers of the foreground, in this order. Default: all.'),
            background: z.array(Id).max(50).optional().describe('Layers behind the verdict.'),
            post_process: z.string().max(100).optional().describe('Category that runs last, whatever came before.'),
          })
          .optional(),
      })
      .optional(),
  })
  .meta({ id: 'LayersDocument' });
export type LayersDocument = z.infer<typeof LayersDocument>;

export const LayeredRunParams = z
  .strictObject({
    source: Source,
    project: StartRun.shape.project,
    environment: EnvironmentWord.optional(),
    mode: Mode.optional().describe('Default: what the document says, else `layered_execution`.'),
    layers: z.array(Id).min(1).max(50).optional().describe('Only these layers. Default: all that the mode has.'),
    document: LayersDocument.optional().describe('Default: the four standard layers, each with the suite of its name.'),
    max_total_duration_minutes: z.number().positive().max(10_080).optional().describe('Default: what the mode says.'),
    enable_background_execution: z.boolean().optional(),
    thread: z.string().min(1).max(200).optional().describe('Carried by every event of its progress.'),
    options: RunOptions.pick({ base: true, blame: true, retries: true }).prefault({}),
    priority: z.enum(PRIORITIES).optional(),
  })
  .meta({ id: 'LayeredRunParams' });
export type LayeredRunParams = z.infer<typeof LayeredRunParams>;

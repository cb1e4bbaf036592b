import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { builtIn } from '../../../domain/catalog.js';
import { allowanceMs, planText } from '../../../domain/layers/allowance.js';
import { LayeredRunParams, LayersDocument, MODES } from '../../../domain/layers/layers.schema.js';
import {
  fastFeedback,
  fullLayered,
  type PlannedLayer,
  planLayers,
  STANDARD_DOCUMENT,
} from '../../../domain/layers/plan.js';
import { whichRun } from '../../../domain/layers/which-run.js';

const source = { kind: 'directory', dir: '/srv/shop' } as const;
const planned = (more: object) => planLayers(LayeredRunParams.parse({ source, ...more }));
const ids = (groups: readonly (readonly { id: string }[])[]): string[][] =>
  groups.map((group) => group.map(({ id }) => id));
const sides = (more: object) => {
  const plan = planned(more);
  return {
    front: ids(plan.foreground),
    behind: ids(plan.background),
    after: plan.backgroundAfter,
    min: plan.totalCapMs / 60_000,
  };
};

describe('a document', () => {
  it('of the custom layer sample is taken as it is, with nothing lost', () => {
    const document = LayersDocument.parse(
      parse(readFileSync(new URL('../../fixtures/layers/custom-layer.yaml', import.meta.url), 'utf8')),
    );
    expect(document.layers['custom_layer']).toMatchObject({
      name: 'Custom Layer',
      priority: 5,
      execution_order: 5,
      max_duration_minutes: 45,
      execution_mode: 'parallel',
      custom_config: { special_setting: 'value', feature_flags: ['experimental_feature'] },
      categories: [
        {
          name: 'custom_category',
          timeout_seconds: 300,
          max_parallel_instances: 2,
          custom_settings: { framework: 'custom_framework', parameters: { param1: 'value1' } },
        },
      ],
    });
    const [layer] = planned({ document, mode: 'layered_execution' }).foreground.flat();
    expect(layer).toMatchObject({ flags: ['experimental_feature'] });
  });

  it('has defaults where nothing is said', () => {
    const { layers } = LayersDocument.parse({ layers: { one: { name: 'One', categories: [{ name: 'unit' }] } } });
    expect(layers['one']).toEqual({
      name: 'One',
      description: '',
      priority: 5,
      execution_order: 5,
      max_duration_minutes: 45,
      execution_mode: 'parallel',
      categories: [{ name: 'unit', timeout_seconds: 300, max_parallel_instances: 2 }],
    });
  });

  it('is overlaid by its environment, under any of its names', () => {
    const document = {
      ...STANDARD_DOCUMENT,
      environments: {
        prod: { max_total_duration_minutes: 7, layers: { core_integration: { max_duration_minutes: 3 } } },
      },
    };
    expect(planned({ document, environment: 'production' }).totalCapMs).toBe(7 * 60_000);
    const core = planned({ document, environment: 'prod' })
      .foreground.flat()
      .find(({ id }) => id === 'core_integration');
    expect(core).toMatchObject({ capMs: 180_000, categories: [{ name: 'core_integration' }] });
    expect(planned({ document, environment: 'staging' }).totalCapMs).toBe(90 * 60_000);
    expect(() => planned({ document: { ...document, environments: { moon: {} } }, environment: 'dev' })).toThrow(
      '"moon" is no environment',
    );
    expect(() => planned({ document: { ...document, environments: { prod: {}, production: {} } } })).toThrow('twice');
  });
});

describe('the mode says what the verdict waits for', () => {
  it.each([
    ['fast_feedback', { front: [['fast_feedback']], behind: [], after: false, min: 5 }],
    [
      'layered_execution',
      {
        front: [['fast_feedback'], ['core_integration'], ['service_integration']],
        behind: [['e2e_background']],
        after: true,
        min: 90,
      },
    ],
    ['background_e2e', { front: [], behind: [['e2e_background']], after: false, min: 90 }],
    [
      'hybrid_execution',
      {
        front: [['fast_feedback'], ['core_integration'], ['service_integration']],
        behind: [['e2e_background']],
        after: false,
        min: 90,
      },
    ],
    [
      'custom_mode',
      {
        front: [['fast_feedback'], ['core_integration'], ['service_integration'], ['e2e_background']],
        behind: [],
        after: true,
        min: 90,
      },
    ],
  ] as const)('%s', (mode, expected) => {
    expect(sides({ mode })).toEqual(expected);
  });

  it('a custom mode has its own layers, background and hooks', () => {
    const modes = {
      custom_mode: {
        prepare: 'smoke',
        layers: ['core_integration', 'fast_feedback'],
        background: ['e2e_background'],
        post_process: 'clean',
      },
    };
    const plan = planned({ mode: 'custom_mode', document: { ...STANDARD_DOCUMENT, modes } });
    expect(ids(plan.foreground)).toEqual([['core_integration'], ['fast_feedback']]);
    expect([ids(plan.background), plan.prepare?.name, plan.postProcess?.name]).toEqual([
      [['e2e_background']],
      'smoke',
      'clean',
    ]);
  });

  it('layers of one order run together, the more important first', () => {
    const layer = (priority: number) => ({ name: 'x', execution_order: 1, priority, categories: [{ name: 'unit' }] });
    expect(sides({ document: { layers: { low: layer(9), high: layer(1) } } }).front).toEqual([['high', 'low']]);
  });

  it.each([
    ['fast feedback', fastFeedback, { mode: 'fast_feedback', totalCapMs: 5 * 60_000, front: [300_000], behind: [] }],
    [
      'full layered',
      fullLayered,
      {
        mode: 'layered_execution',
        totalCapMs: 90 * 60_000,
        front: [300_000, 2_700_000, 2_700_000],
        behind: [2_700_000],
      },
    ],
  ] as const)('the preset %s has its mode, its limits and the defaults of everything else', (_, preset, expected) => {
    const plan = planned(preset());
    const caps = (groups: typeof plan.foreground): number[] => groups.flat().map(({ capMs }) => capMs);
    expect({
      ...{ mode: plan.mode, totalCapMs: plan.totalCapMs },
      ...{ front: caps(plan.foreground), behind: caps(plan.background) },
    }).toEqual(expected);
    expect(plan).toMatchObject({ environment: null, prepare: null, postProcess: null });
    for (const { id, sequential, flags, categories } of [...plan.foreground, ...plan.background].flat())
      expect({ sequential, flags, categories }).toEqual({
        sequential: false,
        flags: [],
        categories: [{ name: id, timeout_seconds: 300, max_parallel_instances: 2 }],
      });
  });

  it('presets are functions whose fields can be overridden', () => {
    expect(planned(fastFeedback({ max_total_duration_minutes: 3 })).totalCapMs).toBe(180_000);
    expect(planned({ ...fullLayered(), source })).toEqual(planned({ mode: 'layered_execution' }));
    expect(planned({ ...fullLayered({ enable_background_execution: false }), source }).background).toEqual([]);
  });
});

describe('what does not fit is refused before anything runs', () => {
  it.each([
    [
      { layers: ['nope'] },
      'There is no layer "nope"; there are fast_feedback, core_integration, service_integration, e2e_background.',
    ],
    [
      { environment: 'moon' },
      '"moon" is no environment: development, testing, staging, production, ci (also dev, test, prod)',
    ],
    [{ mode: 'fast_feedback', layers: ['e2e_background'] }, 'Mode fast_feedback has no layer to run here'],
    [{ mode: 'quick' }, 'mode'],
    [{ document: { layers: {} } }, 'names no layer'],
    [
      {
        document: {
          max_memory_per_layer: 100,
          layers: { big: { name: 'Big', resources: { max_memory_mb: 200 }, categories: [{ name: 'u' }] } },
        },
      },
      'Layer big asks for 200 MiB',
    ],
  ])('%j', async (more, message) => {
    const startable = (await builtIn('layers'))!;
    expect(() => startable.check({ source, ...more })).toThrow(message);
  });
});

it('short time is kept for what matters more: what matters least is cut first', () => {
  const layer = (execution_order: number, priority: number) => ({
    name: 'x',
    execution_order,
    priority,
    max_duration_minutes: 10,
    categories: [{ name: 'unit' }],
  });
  const plan = planned({
    max_total_duration_minutes: 15,
    document: { layers: { slow: layer(1, 9), vital: layer(2, 1), last: layer(3, 5) } },
  });
  const [slow, vital, last] = plan.foreground.flat();
  const minutes = (no: number, each: PlannedLayer | undefined, left: number): number =>
    allowanceMs(plan, no, each!, left * 60_000) / 60_000;
  expect([minutes(0, slow, 15), minutes(1, vital, 15), minutes(2, last, 4)]).toEqual([0, 10, 4]);
  expect(minutes(0, slow, 30)).toBe(10);
});

it('the plan can be read before anything runs', () => {
  expect(planText(planned({ environment: 'staging' }))).toContain(
    'mode layered_execution, environment staging, at most 90 min until the verdict',
  );
  for (const mode of MODES) expect(planText(planned({ mode }))).toContain('expected: at most');
});

it('the first flag that is said decides which run it is, whatever else is said', () => {
  for (const master of [true, false])
    for (const status of [true, false])
      for (const use of [true, false])
        for (const thread of ['T', undefined]) {
          const expected = master
            ? 'master_orchestration'
            : status
              ? 'orchestration_status'
              : use
                ? thread
                  ? 'enhanced_orchestration'
                  : 'legacy_orchestration'
                : 'legacy_categories';
          expect(
            whichRun({
              masterOrchestration: master,
              orchestrationStatus: status,
              useLayers: use,
              websocketThreadId: thread,
            }),
          ).toBe(expected);
        }
});

/**
 * What a layered run will do, fixed before anything runs. The mode says which layers the verdict waits for and which go on
 * behind it:
 *
 *   fast_feedback       the first layer only, 5 min in all, nothing behind
 *   layered_execution   all layers in order, 90 min; those of the background are started when the others have ended, behind the verdict
 *   background_e2e      nothing in front: the verdict is `started`; everything runs behind it
 *   hybrid_execution    as layered_execution, but the background starts at once, beside the foreground
 *   custom_mode         what the document's `modes.custom_mode` says: prepare, layers, background, post_process
 */
import { ProjectProblem } from '../failures.js';
import {
  type Category,
  type Layer,
  type LayeredRunParams,
  type LayersDocument,
  type Mode,
  STANDARD_LAYERS,
} from './layers.schema.js';
import { overlaid } from './overlay.js';

export interface PlannedLayer {
  readonly id: string;
  readonly name: string;
  readonly order: number;
  readonly priority: number;
  readonly sequential: boolean;
  readonly capMs: number;
  readonly categories: readonly Category[];
  readonly flags: readonly string[];
}

export interface LayerPlan {
  readonly mode: Mode;
  readonly environment: string | null;
  readonly totalCapMs: number;
  /** Category that runs before everything else. */
  readonly prepare: Category | null;
  /** Groups in order; layers of one group run at the same time. */
  readonly foreground: readonly (readonly PlannedLayer[])[];
  readonly background: readonly (readonly PlannedLayer[])[];
  /** Whether the background waits for the foreground. */
  readonly backgroundAfter: boolean;
  readonly postProcess: Category | null;
}

const MINUTE_MS = 60_000;

interface Preset {
  readonly capMinutes: number;
  readonly background: boolean;
}

/** Fields that are set elsewhere win over these. */
export const PRESETS: Readonly<Record<Mode, Preset>> = {
  fast_feedback: { capMinutes: 5, background: false },
  layered_execution: { capMinutes: 90, background: true },
  background_e2e: { capMinutes: 90, background: true },
  hybrid_execution: { capMinutes: 90, background: true },
  custom_mode: { capMinutes: 90, background: true },
};

type Asked = Partial<Omit<LayeredRunParams, 'mode'>>;

/** Presets as functions: what is given wins. */
export const fastFeedback = (given: Asked = {}): Asked & { mode: Mode } => ({
  max_total_duration_minutes: PRESETS.fast_feedback.capMinutes,
  enable_background_execution: false,
  ...given,
  mode: 'fast_feedback',
});
export const fullLayered = (given: Asked = {}): Asked & { mode: Mode } => ({
  max_total_duration_minutes: PRESETS.layered_execution.capMinutes,
  enable_background_execution: true,
  ...given,
  mode: 'layered_execution',
});

/** The four layers that every project has, each with the suite of its name. */
export const STANDARD_DOCUMENT: LayersDocument = {
  layers: Object.fromEntries(
    STANDARD_LAYERS.map((id, i): [string, Layer] => [
      id,
      {
        name: id.replaceAll('_', ' '),
        description: '',
        priority: i + 1,
        execution_order: i + 1,
        max_duration_minutes: id === 'fast_feedback' ? 5 : 45,
        execution_mode: 'parallel',
        categories: [{ name: id, timeout_seconds: 300, max_parallel_instances: 2 }],
      },
    ]),
  ),
};

/** Throws `ProjectProblem('ConfigInvalid')`. */
export function planLayers(params: LayeredRunParams): LayerPlan {
  const document = overlaid(params.document ?? STANDARD_DOCUMENT, params.environment);
  const mode = params.mode ?? document.mode ?? 'layered_execution';
  const all = Object.entries(document.layers).map(([id, layer]) => planned(id, layer, document));
  const wanted = chosen(all, params.layers);
  const backgroundOn =
    params.enable_background_execution ?? document.enable_background_execution ?? PRESETS[mode].background;
  const { front, behind } = sides(wanted, mode, document);
  const custom = mode === 'custom_mode' ? document.modes?.custom_mode : undefined;
  const minutes = params.max_total_duration_minutes ?? document.max_total_duration_minutes ?? PRESETS[mode].capMinutes;
  if (front.length === 0 && (behind.length === 0 || !backgroundOn))
    throw new ProjectProblem(
      'ConfigInvalid',
      `Mode ${mode} has no layer to run here: it knows ${all.map((each) => each.id).join(', ')}.`,
    );
  return {
    mode,
    environment: params.environment ?? null,
    totalCapMs: minutes * MINUTE_MS,
    prepare: hook(custom?.prepare),
    foreground: groups(front, custom?.layers),
    background: backgroundOn ? groups(behind, custom?.background) : [],
    backgroundAfter: mode === 'layered_execution' || mode === 'custom_mode',
    postProcess: hook(custom?.post_process),
  };
}

const hook = (name: string | undefined): Category | null =>
  name === undefined ? null : { name, timeout_seconds: 300, max_parallel_instances: 2 };

function planned(id: string, layer: Layer, { max_memory_per_layer: limit }: LayersDocument): PlannedLayer {
  const memory = layer.resources?.max_memory_mb;
  if (limit !== undefined && memory !== undefined && memory > limit)
    throw new ProjectProblem(
      'ConfigInvalid',
      `Layer ${id} asks for ${memory} MiB, and \`max_memory_per_layer\` is ${limit}.`,
    );
  return {
    id,
    name: layer.name,
    order: layer.execution_order,
    priority: layer.priority,
    sequential: layer.execution_mode === 'sequential',
    capMs: layer.max_duration_minutes * MINUTE_MS,
    categories: layer.categories,
    flags: layer.custom_config?.feature_flags ?? [],
  };
}

function chosen(all: readonly PlannedLayer[], ids: readonly string[] | undefined): PlannedLayer[] {
  if (ids === undefined) return [...all];
  const unknown = ids.find((id) => !all.some((layer) => layer.id === id));
  if (unknown !== undefined)
    throw new ProjectProblem(
      'ConfigInvalid',
      `There is no layer "${unknown}"; there are ${all.map((layer) => layer.id).join(', ')}.`,
    );
  return all.filter((layer) => ids.includes(layer.id));
}

function sides(
  layers: readonly PlannedLayer[],
  mode: Mode,
  document: LayersDocument,
): { front: PlannedLayer[]; behind: PlannedLayer[] } {
  const isBehind = ({ id }: PlannedLayer): boolean => document.layers[id]?.background ?? id === 'e2e_background';
  switch (mode) {
    case 'fast_feedback': {
      const first = Math.min(...layers.filter((layer) => !isBehind(layer)).map((layer) => layer.order));
      return { front: layers.filter((layer) => !isBehind(layer) && layer.order === first), behind: [] };
    }
    case 'background_e2e': {
      const behind = layers.filter(isBehind);
      return { front: [], behind: behind.length > 0 ? behind : [...layers] };
    }
    case 'layered_execution':
    case 'hybrid_execution':
      return { front: layers.filter((layer) => !isBehind(layer)), behind: layers.filter(isBehind) };
    case 'custom_mode': {
      const custom = document.modes?.custom_mode;
      const behind = custom?.background ?? [];
      for (const id of [...(custom?.layers ?? []), ...behind]) chosen(layers, [id]);
      return {
        front: layers.filter((layer) =>
          custom?.layers ? custom.layers.includes(layer.id) : !behind.includes(layer.id),
        ),
        behind: layers.filter((layer) => behind.includes(layer.id)),
      };
    }
    default:
      return mode satisfies never;
  }
}

/** By the given order of ids, or by `execution_order`; equal numbers together, the more important first. */
function groups(layers: readonly PlannedLayer[], ids: readonly string[] | undefined): PlannedLayer[][] {
  if (ids) return ids.map((id) => layers.filter((layer) => layer.id === id)).filter((group) => group.length > 0);
  const orders = [...new Set(layers.map((layer) => layer.order))].sort((a, b) => a - b);
  return orders.map((order) => layers.filter((layer) => layer.order === order).sort((a, b) => a.priority - b.priority));
}

import type { LayerActivities } from '../../domain/layers/activities.js';
import { planLayers } from '../../domain/layers/plan.js';
import { namedFailures } from '../to-failure.js';

export const createLayerActivities = (): LayerActivities =>
  namedFailures<LayerActivities>({ planLayeredRun: async (params) => planLayers(params) });

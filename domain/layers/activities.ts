import type { LayeredRunParams } from './layers.schema.js';
import type { LayerPlan } from './plan.js';

/** On the control queue. */
export interface LayerActivities {
  /** Pure, but it reads schemas, which do not belong into a workflow. */
  planLayeredRun(params: LayeredRunParams): Promise<LayerPlan>;
}

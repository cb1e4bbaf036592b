import { proxyLocalActivities } from '@temporalio/workflow';
import type { LayerActivities } from '../../domain/layers/activities.js';

/** A calculation of milliseconds: only a control process that dies in the middle needs it again. */
export const layerPlans = proxyLocalActivities<LayerActivities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '10 seconds' },
});

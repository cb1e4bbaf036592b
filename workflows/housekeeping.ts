/** Deletes what its time is over. Started by a Temporal Schedule once a day. */
import { setWorkflowOptions } from '@temporalio/workflow';
import { housekeepers } from './proxies.js';

// Not bound to the build it began on: any version may finish it.
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, housekeeping);
export async function housekeeping(): Promise<{ rows: number; bytes: number }> {
  return housekeepers.retain();
}

/** Deletes what its time is over. Started by a Temporal Schedule once a day. */
import { housekeepers } from './proxies.js';

export async function housekeeping(): Promise<{ rows: number; bytes: number }> {
  return housekeepers.retain();
}

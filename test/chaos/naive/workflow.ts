/** The experiment's workflow: some activities one after the other, each of which hands in one result. */
import { proxyActivities } from '@temporalio/workflow';

export interface NaiveActivities {
  handIn(result: string): Promise<void>;
}

const { handIn } = proxyActivities<NaiveActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '4 seconds',
  retry: { initialInterval: '250 milliseconds', maximumInterval: '1 second' },
});

export async function naiveRun(execution: string, results: number): Promise<void> {
  for (let n = 0; n < results; n++) await handIn(`${execution} ${n}`);
}

/** A worker as one writes it first: the activity works, appends its result, works on and returns. No key, no fence. */
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';

const [address = '', bundle = '', results = ''] = process.argv.slice(2);
/** Half of the work comes before the result is written, half after it. */
const HALF_MS = 100;

async function handIn(result: string): Promise<void> {
  Context.current().heartbeat();
  await sleep(HALF_MS);
  appendFileSync(results, `${result}\n`);
  await sleep(HALF_MS);
}

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  namespace: 'default',
  taskQueue: 'naive',
  workflowBundle: { code: readFileSync(bundle, 'utf8') },
  activities: { handIn },
  stickyQueueScheduleToStartTimeout: '2 seconds',
});
await worker.run();

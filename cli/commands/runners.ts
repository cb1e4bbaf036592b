/** `baton runners`: who runs batches, what waits for them, and how one of them is told what to do. */
import { connectRunners } from '../../config/client.js';
import type { QueueAnswer, QueueList, RunnerAnswer, RunnerBatch } from '../../domain/runner.schema.js';
import { runningStack } from '../../workers/stack/manifest.js';
import { runnerName } from '../check.js';
import { apiKey, type Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { table } from '../terminal.js';

type RunnersClient = ReturnType<typeof connectRunners>;
type RunnerCommand = Parameters<RunnersClient['command']>[1];

export interface PoolState {
  readonly runners: readonly RunnerAnswer[];
  readonly queues: QueueList;
}

const MOST_BATCHES = 20;

export async function list(context: Context, flags: { json?: boolean }): Promise<ExitCode> {
  const client = runnersOf(context);
  const state: PoolState = { runners: (await client.list()).items, queues: await client.queue() };
  if (flags.json) context.stdout.write(`${JSON.stringify(state)}\n`);
  else context.stdout.write(poolText(state));
  return EXIT.green;
}

export async function showRunner(context: Context, given: string, flags: { json?: boolean }): Promise<ExitCode> {
  const runner = await runnersOf(context).show(runnerName(given));
  if (flags.json) context.stdout.write(`${JSON.stringify(runner)}\n`);
  else
    context.stdout.write(
      `${table([
        ['Runner', runner.name],
        ['Status', runner.desired === 'run' ? runner.status : `${runner.status} (told to ${runner.desired})`],
        ['Process', `${runner.pid} on ${runner.host}, since ${runner.startedAt}`],
        ['Last heartbeat', runner.last_heartbeat],
        ['Labels', runner.labels.join(', ') || 'none'],
        ['For batches', `${runner.slots} at a time, ${runner.memoryMb} MiB, ${runner.cpus} processors`],
        ['Frameworks', runner.capabilities.join(', ')],
      ])}${table(runner.history.slice(0, MOST_BATCHES).map(batchRow))}`,
    );
  return EXIT.green;
}

const batchRow = (batch: RunnerBatch): string[] => [
  batch.died ? 'lost under it' : (batch.outcome ?? 'running'),
  `${batch.execution} ${batch.batch}`,
  `${batch.suite}, attempt ${batch.fence}, ${batch.beganAt}`,
];

export async function log(context: Context, given: string): Promise<ExitCode> {
  const { text, at } = await runnersOf(context).log(runnerName(given));
  if (at === null) context.stderr.write('Nothing has been received from it yet.\n');
  context.stdout.write(text);
  return EXIT.green;
}

export async function command(context: Context, given: string, word: RunnerCommand): Promise<ExitCode> {
  const name = runnerName(given);
  const runner = await runnersOf(context).command(name, word);
  context.stdout.write(`${name} is ${runner.status} and is told to ${word}; it follows within two seconds.\n`);
  return EXIT.green;
}

/** Null when the API does not answer: `status` says so elsewhere. */
export async function lookAtPool(context: Context, api: string): Promise<PoolState | null> {
  const client = connectRunners(api, apiKey(context.settings));
  try {
    const [runners, queues] = await Promise.all([client.list(), client.queue()]);
    return { runners: runners.items, queues };
  } catch {
    // Told by the check of the API itself.
    return null;
  }
}

/** Runners, and what waits for whom. */
export function poolText({ runners, queues }: PoolState): string {
  const rows = runners.map((runner) => [
    runner.status,
    runner.name,
    runner.batches.map((batch) => `${batch.execution} ${batch.batch} (${batch.suite})`).join(', ') ||
      (runner.labels.length > 0 ? `labels ${runner.labels.join(', ')}` : `pid ${runner.pid}`),
  ]);
  const waiting =
    queues.backlog > 0
      ? `${queues.backlog} ${queues.backlog === 1 ? 'batch waits' : 'batches wait'} for a runner, the oldest for ${seconds(queues.oldestAgeMs)}.\n`
      : 'No batch waits for a runner.\n';
  const runs = queues.waitingRuns > 0 ? `${queues.waitingRuns} accepted executions wait for others to end.\n` : '';
  return `${rows.length > 0 ? table(rows) : 'No runner has registered.\n'}${waiting}${runs}${queues.items.flatMap(unserved).join('')}`;
}

const unserved = ({ queue, unservedSince, backlog }: QueueAnswer): string[] =>
  unservedSince === null ? [] : [`no runner serves queue ${queue} since ${unservedSince} (${backlog} waiting)\n`];

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function runnersOf(context: Context): RunnersClient {
  const { settings } = context;
  const url = settings.apiUrl || runningStack(settings.home)?.api;
  if (!url) throw new CommandEnd('Nothing is up; `baton up` starts it.', EXIT.unknown);
  return connectRunners(url, apiKey(settings));
}

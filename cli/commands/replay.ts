/** `baton replay`: recorded histories against today's workflow code. */
import { readFileSync } from 'node:fs';
import inspector from 'node:inspector';
import { basename, resolve } from 'node:path';
import type { Replayer, ReplayReport } from '../../config/replay.js';
import { executionId } from '../check.js';
import type { Client } from '../client.js';
import type { Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { withStack } from './executions.js';

export interface ReplayFlags {
  readonly history?: string;
  readonly inspect?: boolean;
  readonly all?: boolean;
  readonly closed: number;
  readonly json?: boolean;
}

interface Recorded {
  readonly execution: string;
  readonly history: unknown;
}

/** 0: the code decides the same everywhere; 1: it does not; 3: there is no history to compare with. */
export async function replay(context: Context, given: string | undefined, flags: ReplayFlags): Promise<ExitCode> {
  checkFlags(given, flags);
  if (flags.history !== undefined) return replayEach(context, [fromFile(context, given, flags.history)], flags);
  return withStack(context, async ({ client }) => {
    const ids = given === undefined ? await newest(client, flags.closed) : [executionId(given)];
    return replayEach(context, recorded(context, client, ids, given === undefined), flags);
  });
}

function checkFlags(given: string | undefined, flags: ReplayFlags): void {
  if (flags.all ? given !== undefined || flags.history : given === undefined && !flags.history)
    throw new CommandEnd('Give one execution id, --history FILE, or --all.', EXIT.usage);
  if (flags.all && flags.inspect)
    throw new CommandEnd('--inspect goes with one execution: a debugger can follow only one.', EXIT.usage);
}

function fromFile(context: Context, given: string | undefined, file: string): Recorded {
  const path = resolve(context.cwd, file);
  try {
    return { execution: given ?? basename(path, '.json'), history: JSON.parse(readFileSync(path, 'utf8')) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandEnd(`${path} is not a history: ${why}. GET /api/runs/ID/history gives one.`, EXIT.usage);
  }
}

const PAGE = 200;

/** Every open execution, and the newest closed ones. */
async function newest(client: Client, closed: number): Promise<string[]> {
  const ids: string[] = [];
  let left = closed;
  let cursor: string | undefined;
  do {
    const page = await client.runs({ limit: PAGE, ...(cursor ? { cursor } : {}) });
    for (const run of page.items) if (run.status !== 'finished' || left-- > 0) ids.push(run.id);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

/** Among many, one whose history Temporal has forgotten is told of and left out. */
async function* recorded(
  context: Context,
  client: Client,
  ids: readonly string[],
  many: boolean,
): AsyncGenerator<Recorded> {
  for (const execution of ids) {
    try {
      yield { execution, history: await client.recording(execution) };
    } catch (error) {
      if (!many) throw error;
      context.stderr.write(`${execution}: no history (${error instanceof Error ? error.message : String(error)})\n`);
    }
  }
}

async function replayEach(
  context: Context,
  histories: Iterable<Recorded> | AsyncIterable<Recorded>,
  flags: ReplayFlags,
): Promise<ExitCode> {
  // Loaded only here: it brings the engine's native library with it.
  const { installedReplayer } = await import('../../config/replay.js');
  if (flags.inspect) waitForDebugger(context);
  const replayOne: Replayer = installedReplayer(context.settings, flags.inspect ?? false);
  const reports: ReplayReport[] = [];
  for await (const { execution, history } of histories) {
    const report = await replayOne(execution, history);
    reports.push(report);
    if (!flags.json) context.stdout.write(lineOf(report));
  }
  if (flags.json) context.stdout.write(`${JSON.stringify(reports)}\n`);
  else if (flags.all) context.stdout.write(`${reports.length} histories replayed\n`);
  if (reports.length === 0) return EXIT.unknown;
  return reports.some((report) => report.difference) ? EXIT.red : EXIT.green;
}

function lineOf({ execution, workflow, events, difference }: ReplayReport): string {
  if (!difference)
    return `ok   ${execution}  ${workflow}: ${events} events, decided the same up to the last completed Workflow Task\n`;
  return [
    `DIFF ${execution}  ${workflow}: differs first at event ${difference.eventId} (${difference.eventType})`,
    `       the history holds: ${difference.recorded}`,
    `       the code wants:    ${difference.wanted}`,
    `       ${difference.message}`,
    '',
  ].join('\n');
}

/** The workflow runs in this very thread, so that breakpoints in it work. */
function waitForDebugger(context: Context): void {
  inspector.open(0, '127.0.0.1');
  context.stderr.write(
    `Waiting for a debugger at ${inspector.url() ?? 'an unknown address'}\n` +
      'Attach one: `chrome://inspect` in Chrome, or "Attach to Node Process" in VS Code. It stops whenever the workflow\n' +
      'code is loaded (once or twice); open workflows/test-run.ts among its sources, set breakpoints, and go on. No activity runs.\n',
  );
  inspector.waitForDebugger();
}

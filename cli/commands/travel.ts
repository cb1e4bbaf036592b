/** Going back: rerun, reset. */
import type { RunAnswer } from '../../domain/api.schema.js';
import type { ResetPoint } from '../../domain/travel.schema.js';
import { allResults, jsonAnswer, summary } from '../answer.js';
import { executionId } from '../check.js';
import type { Context } from '../context.js';
import { Display } from '../display.js';
import { CommandEnd, EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { startAndFollow } from '../follow.js';
import { onInterrupt } from '../interrupt.js';
import { type StackUse, useStack } from '../stack-use.js';
import { table, wantsColours } from '../terminal.js';
import { withStack } from './executions.js';
import { webUi } from './run.js';

const RUNNERS = 2;

export interface FollowFlags {
  readonly json?: boolean;
  readonly color: boolean;
  readonly detach?: boolean;
}

/** `baton rerun ID [--failed]`: the same plan once more, followed to its verdict. */
export function rerun(context: Context, given: string, flags: FollowFlags & { failed?: boolean }): Promise<ExitCode> {
  const id = executionId(given);
  return followed(context, flags, ({ client }) => client.rerun(id, flags.failed ? 'failed' : 'all'));
}

/** `baton reset ID --to STEP`, or `--list`. */
export function reset(
  context: Context,
  given: string,
  flags: FollowFlags & { to?: string; list?: boolean },
): Promise<ExitCode> {
  const id = executionId(given);
  const { to } = flags;
  if (flags.list) return listPoints(context, id, flags);
  if (to === undefined)
    throw new CommandEnd(
      `Say where to: --to STEP. \`baton reset ${id} --list\` names the possible points.`,
      EXIT.usage,
    );
  return followed(context, flags, ({ client }) => client.reset(id, to));
}

function listPoints(context: Context, id: string, flags: FollowFlags): Promise<ExitCode> {
  return withStack(context, async ({ client }) => {
    const { items } = await client.resetPoints(id);
    if (flags.json) context.stdout.write(`${JSON.stringify(items)}\n`);
    else context.stdout.write(table(items.map(pointRow)));
    return EXIT.green;
  });
}

const pointRow = (point: ResetPoint): string[] => [
  point.to,
  point.label,
  point.eventId > 0 ? `event ${point.eventId}` : '',
  `keeps ${point.kept.length} batches`,
];

async function followed(
  context: Context,
  flags: FollowFlags,
  start: (stack: StackUse) => Promise<RunAnswer>,
): Promise<ExitCode> {
  const out = flags.json ? context.stderr : context.stdout;
  const colours = wantsColours(out, flags.color, context.settings.environment);
  const interrupt = onInterrupt();
  const display = new Display(out, colours);
  const say = (line: string): void => display.say(line);
  try {
    const stack = await useStack(context, { runners: RUNNERS, signal: interrupt.signal, say });
    try {
      if (flags.detach && !stack.own) return detached(context, await start(stack), flags);
      const finished = await startAndFollow(stack.client, () => start(stack), display, interrupt.signal);
      if (flags.json)
        context.stdout.write(`${JSON.stringify(jsonAnswer(finished, await allResults(stack.client, finished.id)))}\n`);
      else context.stdout.write(summary(finished, colours, [['Execution', finished.id], ...webUi(finished)]));
      return interrupt.signal.aborted ? EXIT.cancelled : exitCodeOf(finished.verdict, finished.problem);
    } finally {
      await stack.end();
    }
  } finally {
    display.stop();
    interrupt.release();
  }
}

function detached(context: Context, run: RunAnswer, flags: FollowFlags): ExitCode {
  if (flags.json) context.stdout.write(`${JSON.stringify(jsonAnswer(run, []))}\n`);
  else context.stdout.write(`Execution ${run.id} has begun; \`baton show ${run.id}\` tells how it goes.\n`);
  return EXIT.green;
}

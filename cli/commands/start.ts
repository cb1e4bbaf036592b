import { join } from 'node:path';
import { runningStack } from '../../workers/stack/manifest.js';
import type { Stack } from '../../workers/stack/stack.js';
import { summary } from '../answer.js';
import { projectDir } from '../check.js';
import { apiKey, type Context } from '../context.js';
import { Display } from '../display.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { runAndFollow } from '../follow.js';
import { type Interrupt, onInterrupt } from '../interrupt.js';
import { duration, wantsColours } from '../terminal.js';
import { keptReport, webUi } from './run.js';
import { bringUp, places, type StackFlags, stayUp } from './up.js';

export interface StartFlags extends StackFlags {
  readonly project?: string;
  /** False with `--no-run`. */
  readonly run: boolean;
  readonly color: boolean;
}

const EXAMPLE = join('examples', 'checkout');

/** `npm start`: the stack, one run to look at, and the addresses; stays up until Ctrl-C. */
export async function start(context: Context, flags: StartFlags): Promise<ExitCode> {
  const dir = flags.run ? projectDir(flags.project ?? join(context.root, EXAMPLE), context.cwd) : null;
  const interrupt = onInterrupt();
  const running = runningStack(context.settings.home);
  const stack: Stack = running
    ? { manifest: running, own: false, stop: async () => {} }
    : await bringUp(context, flags, interrupt);
  try {
    const { manifest } = stack;
    const headline = stack.own
      ? `Baton is up (${duration(manifest.readyMs)}).`
      : `Baton is up already (pid ${manifest.supervisor.pid}); using it.`;
    context.stdout.write(`${headline}\n${places(manifest)}\n`);
    if (dir !== null) await showOneRun(context, dir, flags, stack, interrupt);
    // Cut before everybody could see how it went.
    if (interrupt.signal.aborted) return EXIT.cancelled;
    if (!stack.own) {
      context.stdout.write('The stack stays up; `baton down` ends it.\n');
      return EXIT.green;
    }
    context.stdout.write('\nBaton stays up. Try `npx baton run DIR` in another terminal; Ctrl-C ends everything.\n');
    await stayUp(context, stack, interrupt);
    return EXIT.green;
  } finally {
    await stack.stop();
  }
}

/** A run that cannot be made is told and does not end the stack: the addresses are what helps to find out why. */
async function showOneRun(
  context: Context,
  dir: string,
  flags: StartFlags,
  stack: Stack,
  interrupt: Interrupt,
): Promise<void> {
  const colours = wantsColours(context.stdout, flags.color, context.settings.environment);
  context.stdout.write(`Running the tests of ${dir}\n`);
  const display = new Display(context.stdout, colours);
  try {
    const client = context.connect(stack.manifest.api, apiKey(context.settings));
    const finished = await runAndFollow(client, { source: { kind: 'directory', dir } }, display, interrupt.signal);
    const links = [
      ...(await keptReport(context, client, finished.id)),
      ['API docs', stack.manifest.docs] as const,
      ...webUi(finished),
    ];
    context.stdout.write(`\n${summary(finished, colours, links)}`);
  } catch (error) {
    context.stderr.write(`The run could not be shown: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

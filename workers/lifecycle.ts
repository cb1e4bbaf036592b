/** How every process of the stack begins and ends: it says when it is ready, or what is wrong, and leaves when it is told or when the stack is gone. */
import { PROBLEMS, ProjectProblem } from '../domain/failures.js';

export interface Running {
  /** What the stack is told with `ready`. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** Ends on its own only when something is wrong. */
  readonly done: Promise<void>;
  /** Longest time `stop` may take, in milliseconds. Default 15 s. */
  readonly stopMs?: number;
  /** Stops taking work, finishes what it can, closes. */
  stop(): Promise<void>;
}

/** Longest time a process may take to end after it was told. */
const STOP_MS = 15_000;

export async function runProcess(start: () => Promise<Running>): Promise<void> {
  let running: Running | undefined;
  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(code || 1), running?.stopMs ?? STOP_MS).unref();
    await running?.stop();
    process.exit(code);
  };
  process.on('SIGTERM', () => void stop(0));
  process.on('SIGINT', () => void stop(0));
  // The stack's end of the channel is closed: it was killed, and nobody is left to report to.
  if (process.send) process.on('disconnect', () => void stop(0));
  try {
    running = await start();
    process.send?.({ ready: true, ...running.facts });
    await running.done;
    await stop(0);
  } catch (error) {
    if (stopping) return;
    report(error);
    await stop(error instanceof ProjectProblem && PROBLEMS[error.problem].usage ? 2 : 3);
  }
}

function report(error: unknown): void {
  const problem = error instanceof ProjectProblem ? error.problem : 'Internal';
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${error instanceof ProjectProblem ? message : error instanceof Error ? error.stack : message}\n`,
  );
  process.send?.({ error: { name: problem, message, usage: PROBLEMS[problem].usage } });
}

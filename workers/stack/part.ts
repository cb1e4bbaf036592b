/**
 * One process of the stack.
 *
 *   starting → ready ⇄ restarting → stopping → stopped
 *
 * A part that dies while starting is tried again until its start time is up, because it may only have come before what
 * it needs. A part that dies later is started again with a growing pause. What a part says over its channel as
 * `{ error }` while starting is final: a wrong configuration does not heal by itself.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTicks } from '../../scripts/lib/lock.mjs';
import type { LogFile } from './log-file.js';
import { StackProblem } from './problem.js';

export interface PartPlan {
  readonly name: string;
  readonly ports: readonly number[];
  readonly log: LogFile;
  /** Starts the process; its output must be piped. */
  start(): ChildProcess;
  /** Resolves when the process can be used; null, or one phrase that says why it cannot. */
  awaitReady(child: ChildProcess, signal: AbortSignal): Promise<string | null>;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Asks the process to end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** Longest pause before it is started again. Default 30 s. */
  readonly longestPauseMs?: number;
  /** False: whoever killed it starts it again. */
  readonly restarts?: boolean;
  /** Set where a process may end by itself in order, with exit code 0: called then, and it is not started again. */
  left?(): void;
  /** Called each time a process that was ready has died. */
  died?(how: string, pid: number): void;
}

/** One sentence for people: a part died, came back. */
export type Say = (line: string) => void;

const PAUSES_MS = [250, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
const MAX_START_FAILURES = 4;
const NOT_IN_TIME = 'it was not ready in time';
/** A part that was ready for so long did not die of its start: it starts again with the shortest pause. */
const HEALTHY_MS = 5_000;

export class RunningPart {
  restarts = 0;
  readyMs = 0;
  private child: ChildProcess | null = null;
  private exited: Promise<void> = Promise.resolve();
  private stopping = false;
  private failures = 0;
  private readonly stopSignal = new AbortController();

  constructor(
    readonly plan: PartPlan,
    private readonly say: Say,
    private readonly onChange: () => void,
  ) {}

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get ticks(): string {
    return this.pid ? startTicks(this.pid) : '';
  }

  /** The first start. Rejects with StackProblem; nothing of the part is left then. */
  async start(): Promise<void> {
    const begun = Date.now();
    let died: string | null = null;
    for (;;) {
      const problem = await this.once(begun + this.plan.startTimeoutMs - Date.now());
      if (problem === null) break;
      if (problem !== NOT_IN_TIME && typeof problem === 'string') died = problem;
      if (this.stopping) throw new StackProblem(`${this.plan.name} was stopped while it started.`, false);
      if (problem instanceof StackProblem) throw problem;
      if (Date.now() - begun >= this.plan.startTimeoutMs || this.failures >= MAX_START_FAILURES) {
        const said = this.plan.log.tail(8);
        throw new StackProblem(
          `${this.plan.name} could not be started: ${died ?? problem}. Its log: ${this.plan.log.path}${said ? `\n${said}` : ''}`,
          false,
        );
      }
      this.failures += 1;
      await sleep(PAUSES_MS[this.failures - 1] ?? 1_000, undefined, { signal: this.stopSignal.signal }).catch(() => {});
    }
    this.failures = 0;
    this.readyMs = Date.now() - begun;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.stopSignal.abort();
    const child = this.child;
    if (child && isRunning(child)) {
      child.kill(this.plan.stopSignal ?? 'SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), this.plan.stopTimeoutMs);
      await this.exited;
      clearTimeout(killer);
    }
    this.plan.log.close();
  }

  /** Asks the process to finish what it has and to end. Resolves when it is gone, however long that takes. */
  async retire(): Promise<void> {
    this.stopping = true;
    this.stopSignal.abort();
    const child = this.child;
    if (child && isRunning(child)) {
      child.send({ retire: true });
      await this.exited;
    }
    this.plan.log.close();
  }

  /** Starts the process and waits for it. On a problem the process is gone when this resolves. */
  private async once(timeoutMs: number): Promise<string | StackProblem | null> {
    if (this.stopping) return 'it was stopped';
    const child = this.plan.start();
    this.child = child;
    // Told before it is ready: whoever sweeps after a supervisor that died now has to know of it.
    this.onChange();
    child.stdout?.on('data', (chunk: Buffer) => this.plan.log.write(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.plan.log.write(chunk));
    const over = new AbortController();
    const died = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
    });
    this.exited = died.then(() => {});
    const timer = setTimeout(() => over.abort(), Math.max(0, timeoutMs));
    const told = spoken(child);
    const ready = this.plan.awaitReady(child, over.signal);
    const late = new Promise<string>((resolve) => over.signal.addEventListener('abort', () => resolve(NOT_IN_TIME)));
    const problem = await Promise.race([told.then((error) => error), ready, died, late]);
    clearTimeout(timer);
    if (problem === null) {
      this.readyAt = Date.now();
      void this.exited.then(() => this.restart(child));
      return null;
    }
    over.abort();
    child.kill('SIGKILL');
    await this.exited;
    // An exit may overtake the message that explains it.
    return problem instanceof StackProblem ? problem : ((await Promise.race([told, sleep(50, null)])) ?? problem);
  }

  private readyAt = Date.now();

  private async restart(dead: ChildProcess): Promise<void> {
    if (this.stopping || this.child !== dead) return;
    const how = dead.signalCode ?? `exit code ${dead.exitCode}`;
    if (dead.exitCode === 0 && this.plan.left) {
      this.stopping = true;
      this.plan.log.close();
      this.plan.left();
      return;
    }
    this.plan.died?.(how, dead.pid ?? 0);
    if (this.plan.restarts === false) return this.say(`${this.plan.name} ended (${how}); it is left down.`);
    if (Date.now() - this.readyAt > HEALTHY_MS) this.failures = 0;
    for (;;) {
      const usual = PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)] ?? 30_000;
      const pause = Math.min(usual, this.plan.longestPauseMs ?? usual);
      this.say(
        `${this.plan.name} ended unexpectedly (${how}); starting it again in ${pause / 1000} s. Its log: ${this.plan.log.path}`,
      );
      await sleep(pause, undefined, { signal: this.stopSignal.signal }).catch(() => {});
      if (this.stopping) return;
      this.failures += 1;
      this.restarts += 1;
      const problem = await this.once(this.plan.startTimeoutMs);
      if (this.stopping) return;
      if (problem === null) break;
      this.say(`${this.plan.name} did not come back: ${problem instanceof StackProblem ? problem.message : problem}.`);
    }
    this.say(`${this.plan.name} is back (pid ${this.pid}).`);
    this.onChange();
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Resolves when the part says over its channel that it cannot start. Stays open otherwise. */
function spoken(child: ChildProcess): Promise<StackProblem> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      const error = (message as { error?: { message?: unknown; usage?: unknown } } | null)?.error;
      if (error) resolve(new StackProblem(String(error.message ?? 'It gave no reason.'), error.usage === true));
    });
  });
}

/** For parts that say `{ ready: true }` over their channel. The message is handed to `note`. */
export function awaitReadyMessage(
  child: ChildProcess,
  note: (message: Record<string, unknown>) => void = () => {},
): Promise<null> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      if (typeof message !== 'object' || message === null || (message as { ready?: unknown }).ready !== true) return;
      note(message as unknown as Record<string, unknown>);
      resolve(null);
    });
  });
}

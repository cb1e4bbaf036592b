/**
 * The runner's end of one supervisor process: sends the order, renews the lease, reads the exit record. When the
 * supervisor dies without a record, the tree is ended from here and the record says `orphaned`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { ExitRecord } from '../../domain/batch.schema.js';
import { removeStaleGroups } from './cgroup.js';
import { isAlive } from './process-table.js';
import type { CageOrder, CageReport, Enforcement, LifeLine } from './protocol.js';
import { sweepMarked } from './tree.js';

/** How much longer than all its limits a supervisor may take before it counts as hung. */
const BACKSTOP_MS = 20_000;
const SWEEP_MS = 10_000;
/** The supervisor's heap: it keeps 4 MiB of output and little else. */
const HEAP_MB = 32;
const STDERR_KEPT = 2_000;

export interface SupervisorPlace {
  /** The compiled `cage-main.js`. */
  readonly cageMain: string;
  readonly toolPath: string;
  readonly renewMs: number;
}

/** A started supervisor that has no order yet. It ends by itself when the runner dies. */
export class IdleSupervisor {
  readonly child: ChildProcess;
  readonly place: SupervisorPlace;
  #stderr = '';

  constructor(place: SupervisorPlace) {
    this.place = place;
    this.child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, place.cageMain], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      env: { PATH: place.toolPath },
      cwd: '/', // it outlives the runner's folder
      detached: true, // a Ctrl-C in the terminal is for the runner, which then asks politely
    });
    this.child.stdin?.on('error', () => undefined); // it ended first; its exit is seen where it matters
    this.child.on('error', (error) => (this.#stderr ||= error.message));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
  }

  get usable(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The end of what it wrote to standard error, which is why it could not run. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Whether it keeps this process alive while it waits. */
  hold(yes: boolean): void {
    for (const part of [this.child, ...this.child.stdio]) {
      const handle = part as { ref?: () => void; unref?: () => void } | null;
      if (yes) handle?.ref?.();
      else handle?.unref?.();
    }
  }

  dismiss(): void {
    this.child.stdin?.end();
  }
}

export class SupervisorClient {
  /** Process id of the program once it was started; 0 when it could not be. */
  readonly started: Promise<number>;
  readonly exit: Promise<ExitRecord>;
  enforcement: Enforcement = { memory: 'watched', processes: 'watched' };
  readonly #order: CageOrder;
  readonly #supervisor: IdleSupervisor;
  readonly #child: ChildProcess;
  readonly #began = performance.now();
  #record: ExitRecord | null = null;
  #onStarted: (pid: number) => void = () => undefined;
  #onRecord: () => void = () => undefined;

  constructor(order: CageOrder, supervisor: IdleSupervisor) {
    this.#order = order;
    this.#supervisor = supervisor;
    this.#child = supervisor.child;
    this.started = new Promise((resolve) => {
      this.#onStarted = resolve;
    });
    this.#readReports(this.#child.stdio[3] as Readable);
    this.#send(order);
    this.exit = this.#untilExit(supervisor.place.renewMs);
  }

  /** Process id of the supervisor. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(reason: 'cancelled' | 'timeout'): void {
    this.#send({ kill: reason });
    const { graceMs } = this.#order.request.limits;
    const hung = setTimeout(() => this.#child.kill('SIGKILL'), graceMs + BACKSTOP_MS);
    void this.exit.then(() => clearTimeout(hung));
  }

  #send(message: CageOrder | LifeLine): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  #readReports(reports: Readable): void {
    let text = '';
    reports.setEncoding('utf8');
    reports.on('error', () => undefined); // the end of the supervisor, which `untilExit` sees
    reports.on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#receive(JSON.parse(line) as CageReport);
    });
  }

  #receive({ started, exit, enforcement }: CageReport): void {
    if (started !== undefined) this.#onStarted(started);
    if (enforcement) this.enforcement = enforcement;
    if (exit) this.#record = ExitRecord.parse(exit);
    if (exit) this.#onRecord();
  }

  async #untilExit(renewMs: number): Promise<ExitRecord> {
    const { timeoutMs, graceMs } = this.#order.request.limits;
    const renewal = setInterval(() => this.#send({ lease: this.#order.leaseMs }), renewMs);
    // A timer's longest delay is 2^31 - 1 ms, which no limit reaches.
    const hung = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs + graceMs + BACKSTOP_MS);
    await new Promise<void>((resolve) => {
      this.#onRecord = resolve; // the tree has ended; the supervisor needs some milliseconds more
      this.#child.once('close', () => resolve());
      this.#child.once('error', () => resolve()); // its text is in `stderr`
    });
    clearInterval(renewal);
    clearTimeout(hung);
    const record = this.#record ?? (await this.#orphaned());
    this.#onStarted(0);
    return record;
  }

  /** The supervisor died: makes sure that nothing of the tree is left, then says so. */
  async #orphaned(): Promise<ExitRecord> {
    const leftBehind = await sweepMarked(this.#order.id, SWEEP_MS);
    if (this.#order.cgroups) await removeStaleGroups((pid) => pid !== this.pid && isAlive(pid));
    const { stderr } = this.#supervisor;
    const neverStarted = stderr === '' ? null : `the supervisor could not run: ${stderr.trim()}`;
    return {
      code: null,
      signal: null,
      killed: 'orphaned',
      startError: neverStarted,
      durationMs: performance.now() - this.#began,
      peakMemoryMb: null,
      outputBytes: 0,
      leftBehind,
      isolation: this.#order.level,
      forced: true,
    };
  }
}

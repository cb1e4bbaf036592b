/**
 * One caged program from start to exit record.
 *
 *   running ── the program ends ─────────────────────────────→ settling → ended
 *      ├── limit, cancel: SIGTERM ── grace over: SIGKILL ──────────↑
 *      └── lease, runner gone, memory, output, processes, disk: SIGKILL
 *
 * Settling gives what the program left behind a tenth of a second (after a SIGTERM: the rest of the grace period) to end
 * by itself, counts what is still there and kills it. The first reason to end it is the one in the record.
 */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitRecord } from '../../domain/batch.schema.js';
import { Capture } from './capture.js';
import { Cgroup, groupName } from './cgroup.js';
import { ownHierarchy } from './cgroup-places.js';
import { NamespaceHolder } from './holder.js';
import { type Launch, Launched, type ProgramEnd, taskLimit } from './launch.js';
import { LimitWatch } from './limit-watch.js';
import { closeWriteEnds, outputPipes } from './pipes.js';
import { findProgram } from './program.js';
import { hangHint } from './hang.js';
import type { CageOrder, Enforcement, KillReason } from './protocol.js';
import { Written } from './written.js';

const SETTLE_MS = 100;
/** A process that escaped may hold a pipe open: its output is not waited for longer than this. */
const DRAIN_MS = 2_000;

export class Supervision {
  readonly #order: CageOrder;
  #killed: KillReason | null = null;
  #forced = false;
  #hint: string | undefined;
  /** When the grace period ends, once SIGTERM was sent. */
  #graceUntil: number | null = null;
  #endedAtOnce = false;
  #launched: Launched | null = null;
  #watch: LimitWatch | null = null;
  #enforcement: Enforcement = { memory: 'watched', processes: 'watched' };

  constructor(order: CageOrder) {
    this.#order = order;
  }

  get enforcement(): Enforcement {
    return this.#enforcement;
  }

  renew(leaseMs: number): void {
    this.#watch?.renew(leaseMs);
  }

  /** SIGTERM, and SIGKILL after the grace period. */
  endPolitely(reason: KillReason): void {
    if (this.#killed) return;
    this.#killed = reason;
    if (reason === 'timeout' || reason === 'silence') this.#hint = hangHint(this.#launched?.tree.sample() ?? []);
    const { graceMs } = this.#order.request.limits;
    this.#graceUntil = performance.now() + graceMs;
    this.#launched?.askToEnd();
    const timer = setTimeout(() => {
      this.#forced = true;
      void this.#launched?.endAll();
    }, graceMs);
    void this.#launched?.ended.then(() => clearTimeout(timer));
  }

  endAtOnce(reason: KillReason): void {
    this.#killed ??= reason;
    this.#endedAtOnce = true;
    void this.#launched?.endAll();
  }

  /** Runs the program. Never rejects: what keeps it from starting is in the record. */
  async run(onStart: (pid: number) => void): Promise<ExitRecord> {
    try {
      const capture = new Capture(
        this.#order.request,
        (reason) => this.endAtOnce(reason),
        () => this.#watch?.sign(),
      );
      return await this.#runCaptured(capture, onStart);
    } catch (error) {
      await this.#launched?.endAll();
      this.#watch?.stop();
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') this.#killed ??= 'disk';
      return this.#record({ startError: error instanceof Error ? error.message : String(error) });
    }
  }

  async #runCaptured(capture: Capture, onStart: (pid: number) => void): Promise<ExitRecord> {
    const { request, level, toolPath } = this.#order;
    const program = findProgram(request.command, request.cwd, request.env['PATH'] ?? '');
    if ('error' in program) {
      capture.end();
      return this.#record({ startError: program.error });
    }
    const opening = level === 'process-group' ? null : NamespaceHolder.open(level, toolPath, request.seal);
    opening?.catch(() => undefined); // awaited below; a failure before that must not be "unhandled"
    const pipes = await outputPipes(toolPath);
    const holder = await this.#held(opening);
    const cgroup = this.#makeCgroup();
    const began = performance.now();
    const launched = this.#launch({ order: this.#order, path: program.path, holder, pipes, cgroup });
    const drained = Promise.all([capture.read('out', pipes.out), capture.read('err', pipes.err)]);
    const end = await this.#watchUntilEnd(launched, onStart);
    const durationMs = performance.now() - began;
    const leftBehind = await this.#settle(launched);
    await launched.endAll();
    await Promise.race([drained, sleep(DRAIN_MS, undefined, { ref: false })]);
    for (const { read } of [pipes.out, pipes.err]) read.destroy();
    capture.end();
    this.#watch?.stop();
    this.#killed ??= this.#verdictAtEnd(end);
    const peakMemoryMb = this.#watch?.peakMemoryMb ?? null;
    await cgroup?.remove();
    return this.#record({ ...end, durationMs, peakMemoryMb, outputBytes: capture.bytes, leftBehind });
  }

  /** A seal that cannot be made is a matter of policy, not of set-up: the program is not started in any weaker way. */
  async #held(opening: Promise<NamespaceHolder> | null): Promise<NamespaceHolder | null> {
    try {
      return await opening;
    } catch (error) {
      if (this.#order.request.seal) this.#killed ??= 'policy';
      throw error;
    }
  }

  #launch(launch: Launch): Launched {
    const launched = new Launched(launch);
    this.#launched = launched;
    closeWriteEnds(launch.pipes);
    const { cgroup } = launch;
    this.#enforcement = {
      memory: cgroup?.limitsMemory ? 'kernel' : 'watched',
      processes: cgroup?.limitsProcesses ? 'kernel' : 'watched',
    };
    this.#startWatch(launched, cgroup);
    return launched;
  }

  async #watchUntilEnd(launched: Launched, onStart: (pid: number) => void): Promise<ProgramEnd> {
    const timeout = setTimeout(() => this.endPolitely('timeout'), this.#order.request.limits.timeoutMs);
    onStart(await launched.findMain());
    // A reason to end may have come before there was anything to end.
    if (this.#endedAtOnce) void launched.endAll();
    else if (this.#graceUntil !== null) launched.askToEnd();
    const end = await launched.ended;
    clearTimeout(timeout);
    return end;
  }

  #makeCgroup(): Cgroup | null {
    const { cgroups, id, request } = this.#order;
    const limits = { memoryMb: request.limits.memoryMb, processes: taskLimit(this.#order) };
    if (!cgroups || process.platform !== 'linux' || (limits.memoryMb === undefined && limits.processes === undefined))
      return null;
    return new Cgroup(groupName(process.pid, id), limits, ownHierarchy);
  }

  #startWatch(launched: Launched, cgroup: Cgroup | null): void {
    const { request, leaseMs } = this.#order;
    const scratch = request.env['TMPDIR'];
    this.#watch = new LimitWatch({
      limits: request.limits,
      sample: () => launched.tree.sample(),
      cgroup,
      written: request.limits.diskMb === undefined ? null : new Written(() => launched.writers()),
      watchFile: request.watchFile,
      disks: [dirname(request.outputFile), ...(scratch ? [scratch] : [])],
      leaseMs,
      onLimit: (reason) => (reason === 'silence' ? this.endPolitely(reason) : this.endAtOnce(reason)),
    });
  }

  #verdictAtEnd({ code }: ProgramEnd): KillReason | null {
    const watch = this.#watch;
    if (!watch) return null;
    return watch.kernelVerdict() ?? watch.writtenVerdict() ?? (code === 0 ? null : watch.fullVerdict());
  }

  /** Waits for leftovers to end by themselves. Returns how many did not. */
  async #settle(launched: Launched): Promise<number> {
    if (this.#endedAtOnce || this.#forced) return 0;
    const until = this.#graceUntil ?? performance.now() + SETTLE_MS;
    for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
      const left = launched.tree.sample().length;
      if (left === 0 || this.#endedAtOnce) return left;
      if (performance.now() >= until) {
        this.#forced = this.#graceUntil !== null;
        return left;
      }
      await sleep(pause);
    }
  }

  #record(known: Partial<ExitRecord>): ExitRecord {
    return {
      code: null,
      signal: null,
      startError: null,
      durationMs: 0,
      peakMemoryMb: null,
      outputBytes: 0,
      leftBehind: 0,
      ...known,
      killed: this.#killed,
      isolation: this.#order.level,
      forced: this.#forced,
      ...(this.#order.request.seal ? { sealed: true } : {}),
      ...(this.#hint ? { hint: this.#hint } : {}),
    };
  }
}

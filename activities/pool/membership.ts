/**
 * A runner as a member of the pool: it says every two seconds, and at each change, that it lives and what it holds; the
 * answer tells it what to do. A beat that fails is made up for by the next one.
 *
 *   run ⇄ pause          the gate opens and closes; what runs goes on
 *   drain, stop, retire  the gate closes for good; when nothing runs any more, `left` resolves and the process ends
 */
import { ProjectProblem } from '../../domain/failures.js';
import type { Gate } from '../../domain/gate.js';
import type { PoolApi } from '../../domain/pool.js';
import { POOL_LIMITS, type RunnerOrders, type RunnerReport } from '../../domain/runner.schema.js';
import type { HeldBatches } from './held.js';

export type RunnerFacts = Omit<RunnerReport, 'first' | 'status' | 'batches' | 'log'>;

export interface MembershipDeps {
  readonly api: PoolApi;
  readonly gate: Gate;
  readonly held: HeldBatches;
  readonly facts: RunnerFacts;
  /** Other work under way, such as planning. */
  readonly otherWork: () => number;
  /** Called with the sets of labels in use, after each beat. */
  readonly onLabelSets: (sets: readonly (readonly string[])[]) => void;
  /** The end of this process's log, at most `POOL_LIMITS.logBytes` bytes. */
  readonly logTail: () => string;
  readonly log: { info(data: object, message: string): void; warn(data: object, message: string): void };
}

/** How often a leaving runner looks whether it has finished. */
const LOOK_MS = 50;

export class Membership {
  /** Resolves when the runner was told to go and has finished what it had. Rejects when the API has never known its token. */
  readonly left: Promise<void>;
  private leave: () => void = () => {};
  private giveUp: (error: unknown) => void = () => {};
  private known = false;
  private leaving = false;
  private stopped = false;
  private wantsLog = false;
  private told = true;
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | null = null;
  private again = false;
  private readonly unlisten: (() => void)[];

  constructor(private readonly deps: MembershipDeps) {
    this.left = new Promise((resolve, reject) => {
      this.leave = resolve;
      this.giveUp = reject;
    });
    const soon = (): void => void this.beat();
    this.unlisten = [deps.held.onChange(soon), deps.gate.onChange(soon)];
  }

  start(): void {
    this.timer = setInterval(() => {
      this.deps.held.check(performance.now());
      void this.beat();
    }, POOL_LIMITS.beatMs);
    void this.beat();
  }

  /** Finishes what runs, takes nothing new, then `left`. For the supervisor, which wants one runner less. */
  retire(reason: string): void {
    if (this.leaving) return;
    this.leaving = true;
    this.deps.gate.close(reason);
    this.deps.log.info({ reason }, 'leaving when what runs has ended');
    const look = setInterval(() => {
      if (!this.stopped && this.deps.gate.running + this.deps.otherWork() > 0) return;
      clearInterval(look);
      this.leave();
    }, LOOK_MS);
  }

  /** No more beats but one, which says that this runner ended in order. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    for (const off of this.unlisten) off();
    this.stopped = true;
    await this.beating;
    await this.once();
  }

  /** Never two at the same time: what changes during a beat is told by one more behind it. */
  private async beat(): Promise<void> {
    if (this.stopped) return;
    if (this.beating) {
      this.again = true;
      return;
    }
    this.beating = this.once();
    await this.beating;
    this.beating = null;
    if (!this.again) return;
    this.again = false;
    await this.beat();
  }

  private async once(): Promise<void> {
    const at = performance.now();
    try {
      const orders = await this.deps.api.beat(this.report());
      if (!this.told) this.deps.log.info({}, 'the API answers again');
      this.told = true;
      this.known = true;
      this.deps.held.renewed(at, orders.lost);
      this.follow(orders);
    } catch (error) {
      if (!this.known && error instanceof ProjectProblem && error.problem === 'ConfigInvalid') this.giveUp(error);
      // Said once for each absence: the API may be restarting.
      if (this.told) this.deps.log.warn({ err: error }, 'a beat was not answered; trying again every two seconds');
      this.told = false;
    }
  }

  private report(): RunnerReport {
    const log = this.wantsLog ? { log: this.deps.logTail() } : {};
    this.wantsLog = false;
    const first = this.known ? {} : { first: true };
    return { ...this.deps.facts, ...first, status: this.status(), batches: this.deps.held.list(), ...log };
  }

  private status(): RunnerReport['status'] {
    if (this.stopped) return 'stopped';
    if (this.leaving) return 'draining';
    if (!this.deps.gate.isOpen) return 'paused';
    return this.deps.gate.running + this.deps.otherWork() > 0 ? 'busy' : 'idle';
  }

  private follow({ desired, labelSets, log }: RunnerOrders): void {
    if (this.stopped) return;
    this.deps.onLabelSets(labelSets);
    if (log) {
      this.wantsLog = true;
      this.again = true;
    }
    if (this.leaving) return;
    if (desired === 'drain') this.retire('the runner is being drained');
    else if (desired === 'stop') this.retire('the runner is being stopped');
    else if (desired === 'pause' && this.deps.gate.isOpen) this.deps.gate.close('the runner is paused');
    else if (desired === 'run' && !this.deps.gate.isOpen) this.deps.gate.open();
  }
}

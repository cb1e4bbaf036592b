/**
 * The supervisor of one machine's runners. Every second it looks at what waits and what its runners do, and takes at most
 * one step (`domain/scaling.ts` decides). A runner that is let go is told so and ends when it has nothing left to do; a
 * runner that dies is started again with a growing pause; one that was stopped by a person stays out until it is started.
 *
 *   starting → live ⇄ (died, started again)
 *                ├─ retired by the pool, drained by a person → gone; drained ones are replaced
 *                └─ stopped by a person → out → started by a person → starting
 */
import type { PoolApi } from '../../domain/pool.js';
import type { PoolReport, PoolView, RunnerAnswer } from '../../domain/runner.schema.js';
import { decide, INITIAL, type ScalingRules, type ScalingState } from '../../domain/scaling.js';
import { type PartPlan, RunningPart, type Say } from '../stack/part.js';

export interface PoolOptions {
  readonly rules: ScalingRules;
  /** Names are `prefix-1`, `prefix-2` … */
  readonly prefix: string;
  readonly host: string;
  readonly api: PoolApi;
  /** How to start a runner of this name. */
  readonly plan: (name: string) => PartPlan;
  readonly say: Say;
  /** Called when the processes are others than before. */
  readonly onChange: () => void;
  readonly tickMs?: number;
}

interface Member {
  readonly name: string;
  part: RunningPart;
  state: 'starting' | 'live' | 'leaving' | 'out';
}

const TICK_MS = 1_000;
/** Looks without an answer after which people are told. */
const BLIND_LOOKS = 15;
/** What is told of a process that died. */
const LOG_LINES = 200;
const LOG_CHARS = 30_000;

export class Pool {
  private readonly members = new Map<string, Member>();
  private state: ScalingState = INITIAL;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | null = null;
  private stopping = false;
  private blindLooks = 0;

  constructor(private readonly options: PoolOptions) {}

  /** Processes that are there or on their way, in the order of their names. */
  get parts(): RunningPart[] {
    return [...this.members.values()]
      .filter((member) => member.state !== 'out')
      .sort((a, b) => numberOf(a.name) - numberOf(b.name))
      .map((member) => member.part);
  }

  /** Starts the least number of runners. Rejects with StackProblem when one of them cannot be started. */
  async start(): Promise<void> {
    const { min, max } = this.options.rules;
    await Promise.all(Array.from({ length: min }, () => this.add()));
    if (max === 0 || this.stopping) return;
    this.timer = setInterval(() => {
      this.looking ??= this.tick().finally(() => {
        this.looking = null;
      });
    }, this.options.tickMs ?? TICK_MS);
  }

  /** Every runner hands back what it does not finish within its grace time. Resolves when no process is left. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await Promise.all([...this.members.values()].map((member) => member.part.stop()));
  }

  private async tick(): Promise<void> {
    const view = await this.look();
    if (!view || this.stopping) return;
    this.bringBack(view);
    const live = [...this.members.values()].filter((member) => member.state === 'starting' || member.state === 'live');
    const idle = live.filter((member) => rowOf(view, member)?.status === 'idle');
    const starting = live.length - live.filter((member) => rowOf(view, member)).length;
    // One that is about to come is as good as one that has nothing to do: first see what it takes.
    const seen = { size: live.length, idle: idle.length + starting, ...pick(view) };
    const decision = decide(this.options.rules, this.state, { nowMs: performance.now(), ...seen });
    if (decision.step === 'down' && idle.length === 0) return;
    this.state = decision.state;
    if (decision.step === 'up') await this.grow(live.length, decision.reason);
    if (decision.step === 'down') await this.shrink(idle, live.length, decision.reason);
  }

  private async look(): Promise<PoolView | null> {
    try {
      const view = await this.options.api.look(this.options.host);
      this.blindLooks = 0;
      return view;
    } catch (error) {
      // Once, and not for an API that is only being started again.
      if (++this.blindLooks === BLIND_LOOKS && !this.stopping)
        this.options.say(`The pool of runners stays as it is: the API does not answer (${messageOf(error)}).`);
      return null;
    }
  }

  private async grow(size: number, reason: string): Promise<void> {
    const name = this.freeName();
    await this.tell({ runner: name, kind: 'scaled_up', reason: `${size} → ${size + 1} runners: ${reason}` });
    this.add(name).catch((error: unknown) => {
      this.members.delete(name);
      this.options.say(`${name} could not be started: ${messageOf(error)}`);
    });
  }

  /** The one with the highest number that has nothing to do. Should it have just begun something, it finishes that first. */
  private async shrink(idle: readonly Member[], size: number, reason: string): Promise<void> {
    const last = [...idle].sort((a, b) => numberOf(b.name) - numberOf(a.name))[0];
    if (!last) return;
    last.state = 'leaving';
    await this.tell({ runner: last.name, kind: 'scaled_down', reason: `${size} → ${size - 1} runners: ${reason}` });
    last.part.retire().then(
      () => this.gone(last),
      (error: unknown) => this.options.say(`${last.name} could not be let go: ${messageOf(error)}`),
    );
  }

  private gone(member: Member): void {
    if (this.members.get(member.name) === member) this.members.delete(member.name);
    this.options.onChange();
  }

  private async add(name = this.freeName()): Promise<void> {
    const member: Member = { name, part: this.makePart(name), state: 'starting' };
    this.members.set(name, member);
    await member.part.start();
    if (member.state === 'starting') member.state = 'live';
    this.options.onChange();
  }

  private makePart(name: string): RunningPart {
    const plan = this.options.plan(name);
    const hooks: Pick<PartPlan, 'left' | 'died'> = {
      left: () => void this.leftByItself(name),
      died: (how, pid) => {
        const log = plan.log.tail(LOG_LINES).slice(-LOG_CHARS);
        void this.tell({ runner: name, kind: 'died', reason: `its process ended: ${how}`, pid, log });
      },
    };
    return new RunningPart({ ...plan, ...hooks }, this.options.say, this.options.onChange);
  }

  /** A person told it to. `stop` means out; anything else, that a fresh process takes its place. */
  private async leftByItself(name: string): Promise<void> {
    const member = this.members.get(name);
    if (!member || this.stopping) return;
    member.state = 'out';
    this.options.onChange();
    const view = await this.look();
    const stopped = view?.runners.find((runner) => runner.name === name)?.desired === 'stop';
    this.options.say(
      stopped ? `${name} was stopped; \`baton runners start ${name}\` brings it back.` : `${name} was drained.`,
    );
    if (!stopped) this.restart(name);
  }

  private bringBack(view: PoolView): void {
    for (const member of this.members.values()) {
      if (member.state !== 'out') continue;
      const row = view.runners.find((runner) => runner.name === member.name);
      if (row?.desired === 'run' && row.status === 'stopped') this.restart(member.name);
    }
  }

  private restart(name: string): void {
    this.members.delete(name);
    if (this.stopping) return;
    this.add(name).catch((error: unknown) => {
      this.members.delete(name);
      this.options.say(`${name} could not be started: ${messageOf(error)}`);
    });
  }

  private freeName(): string {
    for (let n = 1; ; n++) {
      const name = `${this.options.prefix}-${n}`;
      if (!this.members.has(name)) return name;
    }
  }

  /** What cannot be told is only missing in the list of events: the runner's own beats say the rest. */
  private async tell(report: PoolReport): Promise<void> {
    if (report.kind !== 'died') this.options.say(`Pool: ${report.reason}.`);
    try {
      await this.options.api.report(report);
    } catch (error) {
      // A death shows in the ledger anyway, a little later.
      if (!this.stopping && report.kind !== 'died')
        this.options.say(`The ledger was not told of ${report.runner} (${report.kind}): ${messageOf(error)}`);
    }
  }
}

/** The ledger's row of this very process, not of one that had the name before. */
const rowOf = (view: PoolView, { name, part }: Member): RunnerAnswer | undefined =>
  view.runners.find((runner) => runner.name === name && runner.pid === part.pid);
const pick = ({ backlog, oldestAgeMs }: PoolView) => ({ backlog, oldestAgeMs });
const numberOf = (name: string): number => Number(name.slice(name.lastIndexOf('-') + 1));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

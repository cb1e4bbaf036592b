/**
 * The storm: one fault after the other, all drawn from one seed. Kinds:
 *
 *   kill      SIGKILL of a part, of a test process, or of the cage's supervisor
 *   term      SIGTERM, as a deployment does it
 *   freeze    SIGSTOP for some seconds, then SIGCONT
 *   zombie    SIGSTOP for longer than a runner may be silent: it wakes up after its batch was handed on
 *   link      a link is cut, deaf in one direction, or slow
 *   disk      a disk is full
 *   write     calls of a store fail, hang or end their process, before their work or after it
 *   all       SIGKILL of every part at once
 *
 * A part that the stack does not start again by itself is started by the storm, after a drawn delay.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fill, free } from './disk.js';
import { attemptOf, commandOf, descendants, signal } from './processes.js';
import type { Random } from './random.js';
import { isKill } from './resume.js';
import type { ChaosPart, PartKind, Shape } from './shape.js';
import type { AmbiguousWrites } from './writes.js';

export type FaultKind = 'kill' | 'term' | 'freeze' | 'zombie' | 'link' | 'disk' | 'write' | 'all';
export type Victim = PartKind | 'test' | 'cage';

export interface Fault {
  readonly at: number;
  readonly kind: FaultKind;
  /** Kind of the part, name of the link or disk, or how a write was ambiguous. */
  readonly victim: string;
  /** Name of the part, or the call. */
  readonly part: string;
  /** `execution.batch.fence` whose process was hit, for tests and cages. */
  readonly attempt: string;
}

export interface StormPlan {
  /** SIGKILLs after which it ends. */
  readonly kills: number;
  /** Time at which it ends with fewer. */
  readonly endsAt?: number | undefined;
  /** Shortest and longest pause between two faults, in milliseconds. */
  readonly pauseMs: readonly [number, number];
  readonly kinds: Readonly<Partial<Record<FaultKind, number>>>;
  /** Absent: the stack was not started for them. */
  readonly writes?: AmbiguousWrites | undefined;
  readonly victims: Readonly<Partial<Record<Victim, number>>>;
  /** How many tests have ended so far: a storm that lets nothing move proves nothing. */
  readonly progress: () => Promise<number>;
  /** Whether this attempt's process may be hit: a suite tries a dead process again only once. */
  readonly mayHit: (attempt: string) => boolean;
  /** The same, where one has to ask. */
  readonly isFirstTry: (attempt: string) => Promise<boolean>;
}

export const USUAL: Pick<StormPlan, 'pauseMs' | 'kinds' | 'victims'> = {
  pauseMs: [700, 2_600],
  kinds: { kill: 70, term: 6, freeze: 9, zombie: 4, link: 9, disk: 1, all: 1 },
  victims: { runner: 42, test: 10, cage: 6, control: 14, api: 12, temporal: 8, postgres: 8 },
};

const KILLS_WITHOUT_PROGRESS = 4;
const LONGEST_BREATH_MS = 45_000;

export class Storm {
  readonly faults: Fault[] = [];
  private readonly healing = new Set<Promise<void>>();
  private readonly frozen = new Set<number>();
  private stopped = false;

  constructor(
    private readonly shape: Shape,
    private readonly plan: StormPlan,
    private readonly random: Random,
    private readonly say: (line: string) => void,
  ) {}

  get kills(): number {
    return this.faults.filter(isKill).length;
  }

  stop(): void {
    this.stopped = true;
  }

  /** Ends after the last kill, with everything healed and every part on its way up. */
  async run(): Promise<void> {
    let moved = { progress: -1, kills: 0 };
    const endsAt = this.plan.endsAt ?? Number.POSITIVE_INFINITY;
    while (this.kills < this.plan.kills && Date.now() < endsAt && !this.stopped) {
      await sleep(this.random.between(...this.plan.pauseMs));
      const progress = await this.plan.progress();
      if (progress !== moved.progress) moved = { progress, kills: this.kills };
      if (this.kills - moved.kills >= KILLS_WITHOUT_PROGRESS) {
        await this.breathe(progress);
        moved = { progress, kills: this.kills };
      }
      await this.one(this.random.weighted(this.plan.kinds));
    }
    await this.heal();
  }

  /** On a slow machine a part needs longer to start than the storm lets it live: wait until a test has ended. */
  private async breathe(progress: number): Promise<void> {
    const deadline = Date.now() + LONGEST_BREATH_MS;
    while (Date.now() < deadline && (await this.plan.progress()) === progress) await sleep(250);
  }

  async heal(): Promise<void> {
    await Promise.all(this.healing);
    for (const pid of this.frozen) signal(pid, 'SIGCONT');
    for (const link of Object.values(this.shape.links)) link.heal();
    for (const dir of Object.values(this.shape.disks)) await free(dir);
    this.collectWrites();
    for (const part of this.shape.parts()) if (part.pid === 0) await part.restart?.();
  }

  private async one(kind: FaultKind): Promise<void> {
    switch (kind) {
      case 'kill':
        return this.kill(this.random.weighted(this.plan.victims));
      case 'all':
        return this.killAll();
      case 'term':
        return this.term();
      case 'freeze':
        return this.freeze('freeze', this.random.pick(['runner', 'control', 'api', 'temporal']), 1_000, 7_000);
      case 'zombie':
        return this.freeze('zombie', 'runner', 15_000, 45_000);
      case 'link':
        return this.link();
      case 'disk':
        return this.disk();
      case 'write':
        return this.plan.writes?.arm(this.random);
    }
  }

  private async kill(victim: Victim): Promise<void> {
    if (victim === 'test' || victim === 'cage') return this.killProcess(victim);
    const part = this.part(victim);
    if (part) this.killPart(part, 'kill');
  }

  private killPart(part: ChaosPart, kind: FaultKind): void {
    if (!signal(part.pid, 'SIGKILL')) return;
    for (const pid of part.also ?? []) signal(pid, 'SIGKILL');
    this.frozen.delete(part.pid);
    this.note({ kind, victim: part.kind, part: part.name });
    this.restart(part);
  }

  private killAll(): void {
    for (const part of this.shape.parts()) {
      if (part.pid === 0 || !signal(part.pid, 'SIGKILL')) continue;
      for (const pid of part.also ?? []) signal(pid, 'SIGKILL');
      this.frozen.delete(part.pid);
      this.restart(part);
      this.note({ kind: 'all', victim: part.kind, part: part.name });
    }
  }

  /** The test tool, or the supervisor that holds it. */
  private async killProcess(victim: 'test' | 'cage'): Promise<void> {
    const found = this.shape
      .parts()
      .filter(({ kind, pid }) => kind === 'runner' && pid > 0)
      .flatMap((part) => {
        const below = descendants(part.pid);
        const tests = below.filter((pid) => this.plan.mayHit(attemptOf(pid)));
        const cages = below.filter((pid) => / \S*cage-main\.js/.test(commandOf(pid)) && this.heldBy(pid) !== '');
        return (victim === 'test' ? tests : cages).map((pid) => ({ pid, part: part.name }));
      });
    if (found.length === 0) return;
    const { pid, part } = this.random.pick(found);
    const attempt = victim === 'test' ? attemptOf(pid) : this.heldBy(pid);
    if (attempt !== '' && (await this.plan.isFirstTry(attempt)) && signal(pid, 'SIGKILL'))
      this.note({ kind: 'kill', victim, part, attempt });
  }

  private heldBy(supervisor: number): string {
    return (
      descendants(supervisor)
        .map(attemptOf)
        .find((attempt) => attempt !== '' && this.plan.mayHit(attempt)) ?? ''
    );
  }

  private term(): void {
    const part = this.part(this.random.pick(['runner', 'runner', 'control', 'api']));
    if (!part || !signal(part.pid, 'SIGTERM')) return;
    this.note({ kind: 'term', victim: part.kind, part: part.name });
    this.restart(part);
  }

  private freeze(kind: 'freeze' | 'zombie', victim: PartKind, low: number, high: number): void {
    const part = this.part(victim);
    if (!part || this.frozen.has(part.pid) || !signal(part.pid, 'SIGSTOP')) return;
    this.frozen.add(part.pid);
    this.note({ kind, victim, part: part.name });
    this.later(this.random.between(low, high), () => {
      if (this.frozen.delete(part.pid)) signal(part.pid, 'SIGCONT');
    });
  }

  private link(): void {
    const names = Object.keys(this.shape.links);
    if (names.length === 0) return;
    const name = this.random.pick(names);
    const link = this.shape.links[name]!;
    const weather = this.random.pick(link.weathers);
    link.strike(weather, this.random);
    this.note({ kind: 'link', victim: `${name} ${weather}`, part: name });
    this.later(this.random.between(1_000, 9_000), () => link.heal());
  }

  private async disk(): Promise<void> {
    const names = Object.keys(this.shape.disks);
    if (names.length === 0) return;
    const name = this.random.pick(names);
    const dir = this.shape.disks[name]!;
    await fill(dir);
    this.note({ kind: 'disk', victim: name, part: 'disk' });
    this.later(this.random.between(2_000, 6_000), () => free(dir));
  }

  private collectWrites(): void {
    for (const { at, kind, point } of this.plan.writes?.disarm() ?? [])
      this.faults.push({ at, kind: 'write', victim: kind, part: point, attempt: '' });
  }

  private part(kind: PartKind): ChaosPart | undefined {
    const alive = this.shape.parts().filter((part) => part.kind === kind && part.pid > 0);
    return alive.length === 0 ? undefined : this.random.pick(alive);
  }

  private restart(part: ChaosPart): void {
    if (part.restart) this.later(this.random.between(200, 4_000), part.restart);
  }

  private later(ms: number, work: () => Promise<void> | void): void {
    const done = sleep(ms)
      .then(work)
      .catch((error: unknown) => this.say(`healing failed: ${error instanceof Error ? error.message : String(error)}`))
      .then(() => void this.healing.delete(done));
    this.healing.add(done);
  }

  private note(fault: Omit<Fault, 'at' | 'attempt'> & { attempt?: string }): void {
    this.faults.push({ at: Date.now(), attempt: '', ...fault });
    this.say(`${this.kills}/${this.plan.kills} ${fault.kind} ${fault.victim} ${fault.part} ${fault.attempt ?? ''}`);
  }
}

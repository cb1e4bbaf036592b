/** Keeps so many executions going, remembers every start that was acknowledged, and waits for each to end. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatonClient } from '../../adapters/http/baton-client.js';
import type { RunAnswer } from '../../domain/api.schema.js';
import { clientOf, type Door } from './client.js';
import type { LedgerProject } from './ledger-project.js';

export interface Started {
  readonly id: string;
  readonly project: LedgerProject;
}

export class Load {
  readonly acknowledged: Started[] = [];
  readonly finished = new Map<string, RunAnswer>();
  private readonly going = new Set<Promise<void>>();
  private open = true;
  private readonly client: BatonClient;

  constructor(
    door: Door,
    private readonly projects: readonly LedgerProject[],
    private readonly atOnce: number,
  ) {
    this.client = clientOf(door);
  }

  /** Starts executions, one project after the other, until `close`. */
  async run(): Promise<void> {
    for (let n = 0; this.open; n++) {
      while (this.going.size >= this.atOnce) await Promise.race(this.going);
      if (!this.open) break;
      const work = this.one(this.projects[n % this.projects.length]!).finally(() => this.going.delete(work));
      this.going.add(work);
    }
  }

  /** Starts so many, side by side; resolves when each start was acknowledged. */
  async exactly(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const work = this.one(this.projects[n % this.projects.length]!).finally(() => this.going.delete(work));
      this.going.add(work);
    }
    while (this.acknowledged.length < count) await sleep(50);
    this.open = false;
  }

  /** No new executions; those that were acknowledged go on. */
  close(): void {
    this.open = false;
  }

  waiting(): Started[] {
    return this.acknowledged.filter(({ id }) => !this.finished.has(id));
  }

  /** Rejects when `stuck` says that nothing moves any more. */
  async settled(stuck: () => Promise<string | null>): Promise<void> {
    while (this.going.size > 0) {
      await Promise.race([Promise.race(this.going), sleep(1_000)]);
      const why = await stuck();
      if (why !== null) throw new Error(why);
    }
  }

  private async one(project: LedgerProject): Promise<void> {
    const id = await this.start(project);
    if (id === null) return;
    this.acknowledged.push({ id, project });
    for (;;) {
      const run = await this.client.run(id).catch(() => null); // Away: asked again.
      if (run?.status === 'finished') {
        this.finished.set(id, run);
        return;
      }
      await sleep(300);
    }
  }

  /** The same key until there is an answer: a start whose answer was lost is not a second execution. */
  private async start(project: LedgerProject): Promise<string | null> {
    const key = randomUUID();
    for (;;) {
      try {
        const body = { source: { kind: 'directory' as const, dir: project.dir } };
        return (await this.client.startRun(body, key)).id;
      } catch {
        if (!this.open) return null;
        await sleep(500);
      }
    }
  }
}

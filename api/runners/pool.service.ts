/** What is known of runners and queues together: the ledger's rows and Temporal's numbers. */
import { Inject, Injectable } from '@nestjs/common';
import type { PoolLedger } from '../../domain/pool.js';
import { knownQueues, serves } from '../../domain/runner-queues.js';
import type {
  PoolReport,
  PoolView,
  QueueAnswer,
  QueueList,
  RunnerAnswer,
  RunnerLog,
  RunnerOrders,
  RunnerReport,
} from '../../domain/runner.schema.js';
import { unavailable } from '../common/problem.js';
import { API_DEPS, type ApiDeps, type PoolDeps } from '../deps.js';

/** Askers within this time share one look at Temporal. */
const FRESH_MS = 500;
const LOG_WAIT_MS = 5_000;
const LOG_LOOK_MS = 200;

@Injectable()
export class PoolService {
  private looked: { at: number; answer: Promise<QueueList> } | null = null;
  /** Since when a queue with waiting batches has no live runner. */
  private readonly unserved = new Map<string, string>();

  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  get ledger(): PoolLedger {
    return this.pool.ledger;
  }

  private get pool(): PoolDeps {
    if (!this.deps.pool) throw unavailable('pool-unavailable', 'This process knows no runners.');
    return this.deps.pool;
  }

  queues(): Promise<QueueList> {
    const now = performance.now();
    if (this.looked && now - this.looked.at < FRESH_MS) return this.looked.answer;
    const answer = this.look();
    this.looked = { at: now, answer };
    answer.catch(() => {
      this.looked = null;
    });
    return answer;
  }

  /** For the supervisor of one machine: what waits for runners there. */
  async view(host: string): Promise<PoolView> {
    const [runners, { items }] = await Promise.all([this.ledger.runners(), this.queues()]);
    const own = runners.filter((runner) => runner.host === host);
    const labels = [...new Set(own.flatMap((runner) => runner.labels))];
    const served = items.filter((item) => {
      const at = item.queue.includes('@') ? item.queue.slice(item.queue.indexOf('@') + 1) : null;
      return serves({ host, labels }, { queue: item.queue, labels: item.labels, host: at });
    });
    return {
      backlog: served.reduce((sum, item) => sum + item.backlog, 0),
      oldestAgeMs: Math.max(0, ...served.map((item) => item.oldestAgeMs)),
      runners: own,
    };
  }

  private async look(): Promise<QueueList> {
    const { ledger, queues, host } = this.pool;
    const [runners, sets, waitingRuns] = await Promise.all([
      ledger.runners(),
      ledger.labelSets(),
      ledger.waitingRuns(),
    ]);
    const live = runners.filter((runner) => runner.initialized);
    const known = knownQueues(
      [host, ...live.map((runner) => runner.host)],
      sets.map((set) => set.labels),
    );
    const items = await Promise.all(
      known.map(async (queue): Promise<QueueAnswer> => {
        const stats = await queues.stats(queue.queue);
        const serving = live.filter((runner) => serves(runner, queue)).map((runner) => runner.name);
        return {
          ...stats,
          labels: [...queue.labels],
          pollers: [...stats.pollers],
          runners: serving,
          unservedSince: this.unservedSince(queue.queue, stats.backlog > 0 && serving.length === 0),
        };
      }),
    );
    return {
      items,
      backlog: items.reduce((sum, item) => sum + item.backlog, 0),
      oldestAgeMs: Math.max(0, ...items.map((item) => item.oldestAgeMs)),
      waitingRuns,
    };
  }

  private unservedSince(queue: string, unserved: boolean): string | null {
    if (!unserved) {
      this.unserved.delete(queue);
      return null;
    }
    const since = this.unserved.get(queue) ?? new Date().toISOString();
    this.unserved.set(queue, since);
    return since;
  }

  /** Asks a live runner and waits a little; otherwise what was last received. */
  async log(name: string): Promise<RunnerLog> {
    const before = await this.ledger.log(name);
    const runner = await this.ledger.runner(name);
    if (!runner?.initialized) return before;
    await this.ledger.wantLog(name);
    for (const deadline = performance.now() + LOG_WAIT_MS; performance.now() < deadline; ) {
      await new Promise((resolve) => setTimeout(resolve, LOG_LOOK_MS));
      const now = await this.ledger.log(name);
      if (now.at !== before.at) return now;
    }
    return before;
  }

  async beat(report: RunnerReport): Promise<RunnerOrders> {
    const { died, ...orders } = await this.ledger.beat(report);
    // The runner need not wait for it.
    void this.beginAgain(died);
    return orders;
  }

  async note(report: PoolReport): Promise<void> {
    await this.beginAgain(await this.ledger.note(report));
  }

  /** What died with a runner is begun again as soon as its tests are surely gone, not when heartbeats have been missed. */
  private async beginAgain(tokens: readonly string[]): Promise<void> {
    for (const token of tokens) {
      await this.pool.queues.attemptDied(token).catch((error: unknown) => {
        this.deps.logger.warn({ err: error }, 'an attempt died with its runner; Temporal finds out by itself');
      });
    }
  }

  /** Orders a runner. `start` also undoes a pause. */
  order(name: string, desired: RunnerAnswer['desired']): Promise<RunnerAnswer> {
    return this.ledger.order(name, desired);
  }
}

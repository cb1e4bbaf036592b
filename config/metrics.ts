/** Wires the sources of metrics: ledger, Temporal, and the processes of the stack of this machine. */
import type { Client } from '@temporalio/client';
import { usage } from '../adapters/process/usage.js';
import type { StoreLedger } from '../adapters/store/index.js';
import { countWorkflows, describeQueues } from '../adapters/temporal/queue-facts.js';
import { type MetricsSources, runnersOf } from '../domain/metrics.js';
import { RUNNER_QUEUE } from '../domain/names.js';
import { readManifest } from '../workers/stack/manifest.js';
import type { Settings } from './config.js';

export function metricsSources(ledger: StoreLedger, client: Client, settings: Settings): MetricsSources {
  const queues = () => describeQueues(client, settings.namespace, settings.machine);
  return {
    ledger: ledger.metrics,
    queues,
    async runners() {
      const [asked, busy] = await Promise.all([queues(), ledger.metrics.busy()]);
      return runnersOf(asked, busy, RUNNER_QUEUE);
    },
    parts: async () => usage(readManifest(settings.home)?.parts ?? []),
    workflows: (hours) => countWorkflows(client, hours),
  };
}

/** Which Task Queues there are, and which of them a runner serves. */
import { hostQueue, labelQueue, RUNNER_QUEUE } from './names.js';

/** A queue for batches. `host` is null for the queue that every machine serves. */
export interface KnownQueue {
  readonly queue: string;
  readonly labels: readonly string[];
  readonly host: string | null;
}

export interface Server {
  readonly host: string;
  readonly labels: readonly string[];
}

/** The plain queues, and those of every set of labels in use, shared and of each machine. */
export function knownQueues(hosts: Iterable<string>, labelSets: readonly (readonly string[])[]): KnownQueue[] {
  const places: (string | null)[] = [null, ...new Set(hosts)];
  return [[], ...labelSets].flatMap((labels) =>
    places.map((host) => {
      const base = host === null ? RUNNER_QUEUE : hostQueue(RUNNER_QUEUE, host);
      return { queue: labelQueue(base, labels), labels, host };
    }),
  );
}

export const serves = (runner: Server, queue: KnownQueue): boolean =>
  (queue.host === null || queue.host === runner.host) && queue.labels.every((label) => runner.labels.includes(label));

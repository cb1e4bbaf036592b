/** From what a suite says to what its batches carry. */
import type { Batch } from './batch.schema.js';
import { ProjectProblem } from './failures.js';
import type { BatchNeeds } from './needs.schema.js';
import type { Suite } from './plan.schema.js';
import { priorityKey, suitePriority } from './priority.js';

/** Undefined when any runner will do and nothing shared is held. `limits`: units of each shared thing; default 1. */
function needsOf(suite: Suite, limits: Readonly<Record<string, number>>): BatchNeeds | undefined {
  const { labels, memoryMb, cpus } = suite.needs;
  const claims = new Map<string, number>();
  for (const entry of suite.leases.resources) {
    const { name, count } = typeof entry === 'string' ? { name: entry, count: 1 } : entry;
    claims.set(name, (claims.get(name) ?? 0) + count);
  }
  if (labels.length === 0 && memoryMb === 0 && cpus === 0 && claims.size === 0) return undefined;
  return {
    labels: [...new Set(labels)].sort(),
    memoryMb,
    cpus,
    // In one order everywhere, and never more than there is: such a batch would wait for ever.
    resources: [...claims]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => ({ name, count, limit: limits[name] ?? 1 })),
  };
}

/**
 * The batches with what their suites need and the suites' own priorities. Throws `ConfigInvalid` where a suite leases more
 * of a thing than there is: its batches would wait for ever.
 */
export function withNeeds(
  batches: readonly Batch[],
  suites: readonly Suite[],
  limits: Readonly<Record<string, number>>,
): Batch[] {
  const extras = new Map(suites.map((suite) => [suite.name, extrasOf(suite, limits)]));
  return batches.map((batch) => ({ ...batch, ...extras.get(batch.suite) }));
}

function extrasOf(suite: Suite, limits: Readonly<Record<string, number>>): Pick<Batch, 'needs' | 'priority'> {
  const needs = needsOf(suite, limits);
  const claim = needs?.resources.find((each) => each.count > each.limit);
  if (claim)
    throw new ProjectProblem(
      'ConfigInvalid',
      `Suite ${suite.name} leases ${claim.count} of ${claim.name}, and there ${claim.limit === 1 ? 'is 1' : `are ${claim.limit}`}: ` +
        `raise \`resources.${claim.name}\` in baton.config.yaml or lease fewer.`,
    );
  const key = priorityKey(suite.priority ?? suitePriority(suite));
  return { ...(needs ? { needs } : {}), ...(key === priorityKey('medium') ? {} : { priority: key }) };
}

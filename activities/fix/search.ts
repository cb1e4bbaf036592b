/** Finds candidates that make the failing tests pass: by the sieve where the framework has one, else process by process. */
import { performance } from 'node:perf_hooks';
import { firstLook, type Seen } from '../../domain/fix/judge.js';
import type { Change, TrialOutcome } from '../../domain/fix/ports.js';
import type { RepairCase, RepairDeps } from './deps.js';
import { PatchedTree } from './patched-tree.js';
import { runFiles } from './run-files.js';
import { sieve, type Variant } from './sieve.js';

export interface Found {
  /** Ids, in the order of the variants. */
  readonly survivors: readonly string[];
  readonly tried: number;
  readonly timeouts: number;
}

interface SearchInput {
  readonly given: RepairCase;
  readonly base: Seen;
  /** How long the failing files take, in milliseconds. */
  readonly baseMs: number;
  /** Best first. */
  readonly variants: readonly Variant[];
}

/** After the first survivor so many more are tried: a better one may follow, and rivals tell how sure it is. */
const AFTER_FIRST = 20;
/** Without a sieve each try costs a process. */
const AFTER_FIRST_SLOW = 10;
const MAX_SURVIVORS = 30;

class Progress {
  readonly outcomes = new Map<string, TrialOutcome>();
  private firstAt: number | undefined;
  private passed = 0;

  constructor(
    private readonly place: ReadonlyMap<string, number>,
    private readonly after: number,
  ) {}

  add(id: string, outcome: TrialOutcome): void {
    this.outcomes.set(id, outcome);
    if (outcome !== 'passed') return;
    this.passed++;
    this.firstAt = Math.min(this.firstAt ?? Number.POSITIVE_INFINITY, this.place.get(id)!);
  }

  /** Whether a variant is worth a try now. */
  wants(id: string): boolean {
    if (this.passed >= MAX_SURVIVORS) return false;
    return this.firstAt === undefined || this.place.get(id)! <= this.firstAt * 2 + this.after;
  }

  found(variants: readonly Variant[]): Found {
    const outcomes = [...this.outcomes.values()];
    return {
      survivors: variants.filter(({ id }) => this.outcomes.get(id) === 'passed').map(({ id }) => id),
      tried: outcomes.length,
      timeouts: outcomes.filter((outcome) => outcome === 'timeout').length,
    };
  }
}

export async function search(deps: RepairDeps, input: SearchInput): Promise<Found> {
  const place = new Map(input.variants.map(({ id }, i) => [id, i]));
  const quick = await bySieve(deps, input, new Progress(place, AFTER_FIRST));
  if (quick && quick.survivors.length > 0) return quick;
  // What the sieve cannot run as it should be is tried for real, though only the likeliest.
  const rest = quick ? input.variants.slice(0, 12) : input.variants;
  const slow = await byProcess(deps, { ...input, variants: rest }, new Progress(place, AFTER_FIRST_SLOW));
  return { ...slow, tried: slow.tried + (quick?.tried ?? 0), timeouts: slow.timeouts + (quick?.timeouts ?? 0) };
}

const PROBE_MS = 5_000;

async function bySieve(deps: RepairDeps, input: SearchInput, progress: Progress): Promise<Found | undefined> {
  const { given, variants } = input;
  const [group] = given.failing;
  const trial = group && deps.adapter(group.suite.framework).trial;
  if (!trial || given.failing.length > 1) return undefined;
  const common = {
    execution: given.execution,
    suite: group.suite,
    trust: given.trust,
    files: group.files,
    signal: given.signal,
  };
  let unchanged: { outcome: TrialOutcome; ms: number } | undefined;
  await sieve(deps, trial, {
    ...common,
    root: given.roots[0]!,
    variants: [{ id: 'base', changes: [] }],
    timeoutMs: PROBE_MS,
    budgetMs: PROBE_MS * 3,
    onOutcome: (_, outcome, ms) => {
      unchanged = { outcome, ms };
      return false;
    },
  });
  // Where the failure does not show in a thread, nothing that a thread says is of use.
  if (!unchanged || unchanged.outcome === 'passed') return undefined;
  const timeoutMs = unchanged.outcome === 'timeout' ? 600 : Math.min(10_000, 800 + unchanged.ms * 4);
  const until = performance.now() + given.limits.searchMs;
  await Promise.all(
    given.roots.map(async (root, lane) => {
      const own = variants.filter((_, i) => i % given.roots.length === lane);
      const tree = new PatchedTree(root);
      await tree.remember(new Set(own.flatMap(({ changes }) => changes.map(({ path }) => path))));
      try {
        // One that ends in the middle is begun again behind the variant that ended it.
        for (let left = own; left.length > 0 && performance.now() < until; ) {
          const before = left.length;
          await sieve(deps, trial, {
            ...common,
            root,
            variants: left,
            timeoutMs,
            budgetMs: until - performance.now(),
            onOutcome: (id, outcome) => {
              progress.add(id, outcome);
              left = left.slice(left.findIndex((variant) => variant.id === id) + 1);
              return left[0] !== undefined && progress.wants(left[0].id);
            },
          });
          if (left[0] && !progress.wants(left[0].id)) break;
          if (left.length === before) {
            progress.add(left[0]!.id, 'failed');
            left = left.slice(1);
          }
        }
      } finally {
        await tree.restore();
      }
    }),
  );
  given.signal.throwIfAborted();
  return progress.found(variants);
}

async function byProcess(deps: RepairDeps, input: SearchInput, progress: Progress): Promise<Found> {
  const { given, base, baseMs, variants } = input;
  const until = performance.now() + given.limits.searchMs;
  const timeoutMs = Math.round(Math.max(3_000, baseMs * 3 + 1_000));
  let next = 0;
  await Promise.all(
    given.roots.map(async (root) => {
      const tree = new PatchedTree(root);
      for (let variant = variants[next++]; variant && performance.now() < until; variant = variants[next++]) {
        if (!progress.wants(variant.id)) continue;
        progress.add(variant.id, await tryOne(deps, given, tree, variant.changes, base, timeoutMs));
      }
    }),
  );
  return progress.found(variants);
}

async function tryOne(
  deps: RepairDeps,
  given: RepairCase,
  tree: PatchedTree,
  changes: readonly Change[],
  base: Seen,
  timeoutMs: number,
): Promise<TrialOutcome> {
  try {
    await tree.apply(changes);
    const { execution, trust, failing, signal } = given;
    const { seen } = await runFiles(deps, { execution, root: tree.root, trust, groups: failing, timeoutMs, signal });
    if (seen.outcome === 'timeout') return 'timeout';
    return firstLook(base, seen) === null ? 'passed' : 'failed';
  } finally {
    await tree.restore();
  }
}

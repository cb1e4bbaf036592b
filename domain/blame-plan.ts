/** What is run again at the base commit: tests and files that stay red after every rerun and that nothing else explains. */
import { type BlameInput, blameResults } from './blame.js';
import type { BasePlan, BaseTarget } from './blame.schema.js';
import type { BlameConfig } from './config.schema.js';
import { fileKey } from './count.js';
import type { Plan, Suite } from './plan.schema.js';
import type { BatchRecord } from './ports.js';
import type { TestResult } from './result.schema.js';

/** Twice, so that a base that goes both ways is seen to. */
const TRIES = 2;
/** A base that hangs must not hold the run for the whole limit of a batch: ten times what the file took here, and no less than this. */
const LEAST_TIMEOUT_MS = 120_000;

export interface RerunWish {
  /** Null: nothing has to be run. */
  readonly plan: BasePlan | null;
  readonly tests: number;
}

export function wishForBase(
  input: BlameInput & { readonly plan: Plan; readonly selectsTests: ReadonlySet<string>; readonly policy: BlameConfig },
): RerunWish {
  const { plan, policy, knowledge } = input;
  const base = plan.base ?? null;
  if (!base || !knowledge.enabled || !policy.rerunAtBase) return { plan: null, tests: 0 };
  const open = blameResults(input).filter(
    (r) => r.blame?.class === 'your_change' && r.blame.evidence.from === 'default',
  );
  const asked = open.slice(0, policy.maxTests);
  const targets = targetsOf(asked, input);
  if (targets.length === 0) return { plan: null, tests: 0 };
  return { plan: { base, tries: TRIES, budgetMs: policy.budgetMs, targets }, tests: asked.length };
}

function targetsOf(
  asked: readonly TestResult[],
  { plan, batches, selectsTests }: { plan: Plan; batches: readonly BatchRecord[]; selectsTests: ReadonlySet<string> },
): BaseTarget[] {
  const files = new Map<string, { suite: Suite; file: string; tests: string[][]; whole: boolean }>();
  const suites = new Map(plan.suites.map((s) => [s.name, s]));
  for (const { suite: name, file, kind, path } of asked) {
    const suite = suites.get(name);
    if (!suite) continue;
    const entry = files.get(fileKey(name, file)) ?? { suite, file, tests: [], whole: !selectsTests.has(name) };
    if (kind === 'file') entry.whole = true;
    else entry.tests.push(path);
    files.set(fileKey(name, file), entry);
  }
  return [...files.values()].map(({ suite, file, tests, whole }) => ({
    suite: suite.name,
    file,
    ...(whole ? {} : { tests }),
    timeoutMs: Math.min(suite.limits.timeoutMs, Math.max(LEAST_TIMEOUT_MS, 10 * longest(batches, suite.name, file))),
  }));
}

const longest = (batches: readonly BatchRecord[], suite: string, file: string): number =>
  Math.max(
    0,
    ...batches
      .filter((b) => b.suite === suite && b.files.includes(file) && b.startedAt && b.endedAt)
      .map((b) => Date.parse(b.endedAt!) - Date.parse(b.startedAt!)),
  );

/** The stored analysis of an execution: made once by rules, kept as an artifact, added to by a model. */
import { Analysis, type FailureAnalysis, type RelatedFailure } from '../../domain/analysis/analysis.schema.js';
import { analyseFailure, failuresOf, lessonText, MOST_FAILURES, withRelated } from '../../domain/analysis/analyse.js';
import type { Analyses, Changes } from '../../domain/analysis/ports.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Knowledge, Recalled } from '../../domain/knowledge.js';
import { Plan } from '../../domain/plan.schema.js';
import { type ArtifactStore, type Ledger, NotFound } from '../../domain/ports.js';
import type { Redact } from '../../domain/redact.js';
import type { Attempt, TestResult } from '../../domain/result.schema.js';
import type { Run } from '../../domain/run.schema.js';

export interface AnalysisDeps {
  readonly ledger: Ledger;
  readonly artifacts: ArtifactStore;
  readonly knowledge: Knowledge;
  readonly changes: Changes;
  readonly redact: Redact;
  readonly log: { warn(data: object, message: string): void };
}

const NAME = 'analysis.json';
const PAGE = 1_000;
/** Failures that the knowledge store is asked about, one for each fingerprint. */
const MOST_ASKED = 40;
const MOST_RELATED = 3;
const SHOWN = 300;
/** Less alike than this is another failure. */
const LEAST_LIKE = 0.35;

export function analysesOf(deps: AnalysisDeps): Analyses {
  return {
    of: async (execution) => (await stored(deps, execution))?.analysis ?? (await make(deps, execution)).analysis,
  };
}

export interface StoredAnalysis {
  readonly analysis: Analysis;
  readonly digest: string;
}

export async function storedOrMade(deps: AnalysisDeps, execution: string): Promise<StoredAnalysis> {
  return (await stored(deps, execution)) ?? (await make(deps, execution));
}

/** Replaces what is stored. */
export async function store(deps: AnalysisDeps, analysis: Analysis): Promise<StoredAnalysis> {
  const kept = await deps.artifacts.put(Buffer.from(JSON.stringify(analysis)));
  await deps.ledger.addArtifact(analysis.execution, { name: NAME, mediaType: 'application/json', ...kept });
  return { analysis, digest: kept.digest };
}

async function stored(
  { ledger, artifacts, log }: AnalysisDeps,
  execution: string,
): Promise<StoredAnalysis | undefined> {
  const ref = (await ledger.artifacts(execution)).find(({ name }) => name === NAME);
  if (!ref) return undefined;
  const bytes = await artifacts.get(ref.digest).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
  const parsed = bytes && Analysis.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (parsed?.success) return { analysis: parsed.data, digest: ref.digest };
  log.warn({ execution, digest: ref.digest }, 'the stored analysis cannot be read and is made again');
  return undefined;
}

async function make(deps: AnalysisDeps, execution: string): Promise<StoredAnalysis> {
  const run = await finishedRun(deps, execution);
  const all = failuresOf(await resultsOf(deps.ledger, execution));
  const plan = await planOf(deps, execution);
  const changed = all.length > 0 && plan ? await deps.changes.between(run, plan) : undefined;
  const attempts = lastFailures(await deps.ledger.attempts(execution));
  const known = { root: plan?.root ?? '/', changed, redact: deps.redact };
  const failures = all
    .slice(0, MOST_FAILURES)
    .map((result) => analyseFailure(result, attempts.get(keyOf(result)), known));
  const { related, problem } = await recallAll(deps, run, failures);
  return await store(deps, {
    version: 1,
    execution,
    project: run.project,
    at: new Date().toISOString(),
    failures: failures.map((failure) => withRelated(failure, related.get(failure.fingerprint) ?? [])),
    left: Math.max(0, all.length - MOST_FAILURES),
    knowledge: problem === null ? deps.knowledge.embedding : null,
    changes: changed ? 'known' : 'unknown',
    explainedBy: null,
    notes: problem === null ? [] : [`The knowledge store did not answer: ${problem}`],
  });
}

export async function finishedRun({ ledger }: Pick<AnalysisDeps, 'ledger'>, execution: string): Promise<Run> {
  const run = await ledger.run(execution);
  if (!run) throw new NotFound(`there is no execution ${execution}`);
  if (run.verdict !== null) return run;
  throw new ProjectProblem(
    'BadSource',
    `Execution ${execution} is not finished yet (${run.status}): ask again when it has a verdict.`,
  );
}

export async function resultsOf(ledger: Ledger, execution: string): Promise<TestResult[]> {
  const results: TestResult[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.results(execution, { limit: PAGE, cursor });
    results.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return results;
}

async function planOf({ ledger, artifacts }: AnalysisDeps, execution: string): Promise<Plan | undefined> {
  const digest = await ledger.planDigest(execution);
  if (digest === null) return undefined;
  try {
    return Plan.parse(JSON.parse(Buffer.from(await artifacts.get(digest)).toString('utf8')));
  } catch (error) {
    // A plan that is gone or of another form costs frames and changes, not the analysis.
    if (error instanceof NotFound || error instanceof SyntaxError || (error as Error).name === 'ZodError')
      return undefined;
    throw error;
  }
}

const keyOf = ({ testId, occurrence }: Pick<TestResult, 'testId' | 'occurrence'>): string => `${testId}/${occurrence}`;

function lastFailures(attempts: readonly Attempt[]): Map<string, Attempt> {
  const last = new Map<string, Attempt>();
  for (const attempt of attempts) {
    const known = last.get(keyOf(attempt));
    if (attempt.status === 'failed' && (!known || known.attempt <= attempt.attempt)) last.set(keyOf(attempt), attempt);
  }
  return last;
}

/** Earlier failures by fingerprint. A store that does not answer costs this, not the analysis. */
async function recallAll(
  { knowledge, log }: AnalysisDeps,
  run: Run,
  failures: readonly FailureAnalysis[],
): Promise<{ related: Map<string, RelatedFailure[]>; problem: string | null }> {
  const related = new Map<string, RelatedFailure[]>();
  const first = new Map(failures.toReversed().map((failure) => [failure.fingerprint, failure]));
  try {
    for (const failure of [...first.values()].reverse().slice(0, MOST_ASKED)) {
      const query = { project: run.project, text: lessonText(failure), limit: MOST_RELATED + 2, except: run.id };
      const found = await knowledge.recall({ ...query, kinds: ['failure', 'cause', 'fix'] });
      const near = found.filter(({ score }) => score >= LEAST_LIKE).slice(0, MOST_RELATED);
      related.set(failure.fingerprint, near.map(relatedOf));
    }
    return { related, problem: null };
  } catch (error) {
    log.warn({ execution: run.id, err: error }, 'the knowledge store did not answer');
    return { related, problem: (error as Error).message.slice(0, SHOWN) };
  }
}

/** What was done about it, where the lesson tells. */
export const fixOf = ({ data }: Pick<Recalled, 'data'>): string | null =>
  typeof data['fix'] === 'string' ? data['fix'].slice(0, SHOWN) : null;

const relatedOf = (lesson: Recalled): RelatedFailure => {
  const { id, kind, execution, text, score, at } = lesson;
  return { ...{ id, kind, execution, score, at }, text: text.slice(0, SHOWN), fix: fixOf(lesson) };
};

import { ProjectProblem } from '../domain/failures.js';
import { toCtrf } from '../domain/report/ctrf.js';
import { toHtml } from '../domain/report/html.js';
import { toJson } from '../domain/report/json.js';
import { toJUnit } from '../domain/report/junit.js';
import { buildReport } from '../domain/report/model.js';
import type { Report } from '../domain/report/report.schema.js';
import { nameReceipt } from './receipts.js';
import { planOrWhy, requireRun, type RunDeps } from './run.js';

/** Name, media type and writer of each report, all made from one model. */
const WRITERS: readonly { name: string; mediaType: string; write: (report: Report) => string }[] = [
  { name: 'report.html', mediaType: 'text/html; charset=utf-8', write: toHtml },
  { name: 'report.json', mediaType: 'application/json', write: toJson },
  { name: 'junit.xml', mediaType: 'application/xml', write: toJUnit },
  { name: 'ctrf.json', mediaType: 'application/json', write: toCtrf },
];
const PAGE = 1_000;

/** A report that cannot be written is told of in the run's notes and never holds the verdict back. */
export async function writeReports(deps: RunDeps, execution: string): Promise<void> {
  try {
    await nameReceipt(deps, execution);
  } catch (error) {
    await tellOf(deps, execution, 'receipt.json', error);
  }
  let report: Report;
  try {
    report = await model(deps, execution);
  } catch (error) {
    // The ledger comes back, and the run waits for it.
    if (error instanceof ProjectProblem) throw error;
    return await tellOf(deps, execution, 'the reports', error);
  }
  for (const { name, mediaType, write } of WRITERS) {
    try {
      const bytes = Buffer.from(write(report), 'utf8');
      const stored = await deps.artifacts.put(bytes);
      await deps.ledger.addArtifact(execution, { name, mediaType, ...stored });
    } catch (error) {
      await tellOf(deps, execution, name, error);
    }
  }
}

/** What ended longer ago has been missed by nobody. */
const LOOK_BACK_MS = 24 * 3_600_000;
const MOST_AT_ONCE = 20;

/**
 * Writes again what could not be written when the run ended, such as on a full disk. Harmless when several processes do it
 * at the same time.
 */
export async function writeMissingReports(deps: RunDeps, now: number): Promise<void> {
  const names = ['receipt.json', ...WRITERS.map(({ name }) => name)];
  const executions = await deps.ledger.lacking(names, new Date(now - LOOK_BACK_MS), MOST_AT_ONCE);
  for (const execution of executions) await writeReports(deps, execution);
}

async function tellOf(deps: RunDeps, execution: string, name: string, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  deps.log.warn({ execution, name, err: error }, 'a report could not be written');
  await deps.ledger.updateRun(execution, { note: `${name} could not be written: ${message}` });
}

async function model(deps: RunDeps, execution: string): Promise<Report> {
  const { ledger } = deps;
  const run = await requireRun(deps, execution);
  const { plan } = await planOrWhy(deps, execution);
  const results = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.results(execution, { limit: PAGE, cursor });
    results.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const [batches, attempts] = await Promise.all([ledger.batches(execution), ledger.attempts(execution)]);
  const verdict = {
    verdict: run.verdict ?? 'incomplete',
    totals: run.totals,
    problem: run.problem,
    notes: run.notes,
    sentence: run.sentence ?? '',
    blame: run.blame ?? null,
  } as const;
  return buildReport({ run, plan, batches, attempts, results, verdict, versions: deps.versions });
}

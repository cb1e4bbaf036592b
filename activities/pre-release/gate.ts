/** Reads what the runs left in the ledger, suite by suite, and asks the gate. */
import type { ArtifactStore, Ledger } from '../../domain/ports.js';
import { mergeGate, type RunForGate, type SuiteOutcome } from '../../domain/pre-release/merge-gate.js';
import type { JudgedGate } from '../../domain/pre-release/ports.js';
import { suitePriority } from '../../domain/priority.js';
import type { TestStatus } from '../../domain/outcome.schema.js';
import type { TestResult } from '../../domain/result.schema.js';
import { readPlan, requireRun } from '../run.js';
import { readChange, storeJson } from './analyse.js';

export interface GateDeps {
  readonly ledger: Ledger;
  readonly artifacts: ArtifactStore;
}

export interface GateInput {
  readonly execution: string;
  readonly runs: readonly string[];
  /** Digest of `change.json`. */
  readonly change: string;
}

export const GATE_FILE = 'gate.json';
const PAGE = 1_000;
const MAX_REASONS = 20;

/** Stored under its own name again when more runs have ended: the newest look counts. */
export async function judgeGate(deps: GateDeps, { execution, runs, change }: GateInput): Promise<JudgedGate> {
  const { settings } = await readChange(deps, change);
  const seen = await Promise.all(runs.map((run) => runForGate(deps, run)));
  const gate = mergeGate(
    seen.map(({ forGate }) => forGate),
    settings.gate,
  );
  await storeJson(deps, execution, GATE_FILE, { version: 1, rules: settings.gate, runs: seen, ...gate });
  const red = seen.find(({ forGate }) => forGate.verdict !== 'passed');
  const total = (key: 'passed' | 'failed' | 'notRun'): number => seen.reduce((sum, { totals }) => sum + totals[key], 0);
  return {
    outcome: gate.outcome,
    sentence: gate.sentence,
    reasons: gate.fired.slice(0, MAX_REASONS).map(({ reason }) => reason.slice(0, 500)),
    failed: total('failed'),
    passed: total('passed'),
    unfinished: total('notRun'),
    redRun: red?.forGate.run ?? null,
  };
}

async function runForGate(
  deps: GateDeps,
  id: string,
): Promise<{ forGate: RunForGate; totals: Awaited<ReturnType<typeof requireRun>>['totals'] }> {
  const run = await requireRun(deps, id);
  const forGate: RunForGate = {
    run: id,
    verdict: run.verdict ?? 'incomplete',
    sentence: run.sentence ?? 'it has no verdict',
    suites: run.verdict === 'passed' ? [] : await suiteOutcomes(deps, id),
  };
  return { forGate, totals: run.totals };
}

async function suiteOutcomes(deps: GateDeps, run: string): Promise<SuiteOutcome[]> {
  const plan = await readPlan(deps, run);
  const [failed, missing, batches] = [
    await resultsOf(deps.ledger, run, 'failed'),
    await resultsOf(deps.ledger, run, 'not_run'),
    await deps.ledger.batches(run),
  ];
  const last = new Map(batches.map((batch) => [`${batch.suite}\0${batch.files.join('\0')}`, batch]));
  return (plan?.suites ?? []).map(({ name, dir, priority }) => {
    const red = failed.filter(({ suite }) => suite === name);
    const gating = red.filter(({ blame }) => blame?.gating !== false).length;
    return {
      suite: name,
      priority: priority ?? suitePriority({ name, dir }),
      gating,
      excused: red.length - gating,
      unfinished: missing.filter(({ suite }) => suite === name).length,
      doubtful: [...last.values()].some(
        ({ suite, evidence }) => suite === name && evidence?.outcome !== 'passed' && evidence?.outcome !== 'failed',
      ),
    };
  });
}

async function resultsOf(ledger: Ledger, run: string, status: TestStatus): Promise<TestResult[]> {
  const found: TestResult[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.results(run, { status, limit: PAGE, cursor });
    found.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

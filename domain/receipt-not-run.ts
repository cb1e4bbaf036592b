/** What could have run and did not, and who allowed it. What nobody allowed keeps a receipt from being green. */
import type { RunEnding } from './activities.js';
import { whoCancelled } from './cancelled-by.js';
import type { ReceiptInput } from './receipt.js';
import type { NotRunBy, NotRunEntry, Receipt } from './receipt.schema.js';
import type { TestResult } from './result.schema.js';
import type { Run } from './run.schema.js';

const MAX_NAMES = 20;

export function leftOut(input: ReceiptInput): Receipt['notRun'] {
  return [...bySelection(input), ...byAllowance(input), ...skipped(input.judged.results), ...unobserved(input)];
}

/** Files and suites that were not asked for. */
function bySelection({ plan, run }: ReceiptInput): NotRunEntry[] {
  return (plan?.leftOut ?? []).map(({ suite, files, by }) => ({
    suite,
    file: null,
    what: by === 'suites' ? 'suite' : 'files',
    count: files,
    names: [],
    by,
    allowedBy: run.principal,
    reason:
      by === 'suites'
        ? `only ${(run.options.suites ?? []).join(', ')} were asked for`
        : `the filter "${run.options.filter ?? ''}" does not match`,
  }));
}

/** Suites that the configuration lets go, or lets be empty. */
function byAllowance({ judged }: ReceiptInput): NotRunEntry[] {
  return judged.allowed.map(({ suite, by, reason }) => ({
    suite,
    file: null,
    what: 'suite',
    count: null,
    names: [],
    by,
    allowedBy: 'baton.config',
    reason,
  }));
}

/** Tests that the project itself skips, file by file. */
function skipped(results: readonly TestResult[]): NotRunEntry[] {
  const files = new Map<string, { suite: string; file: string; names: string[]; count: number }>();
  for (const { suite, file, name, status } of results) {
    if (status !== 'skipped') continue;
    const key = `${suite}\0${file}`;
    const entry = files.get(key) ?? { suite, file, names: [], count: 0 };
    files.set(key, entry);
    entry.count++;
    if (entry.names.length < MAX_NAMES) entry.names.push(name);
  }
  return [...files.values()].map((entry) => ({
    ...entry,
    what: 'tests',
    by: 'project',
    allowedBy: 'the project',
    reason: 'the tests say so themselves',
  }));
}

/** Files that were expected and that nobody saw to their end. */
function unobserved({ judged, ended, run }: ReceiptInput): NotRunEntry[] {
  const why = whyUnobserved(ended, run);
  return judged.results
    .filter(({ status }) => status === 'not_run')
    .map(({ suite, file }) => ({ suite, file, what: 'files', count: 1, names: [], ...why }));
}

function whyUnobserved(ended: RunEnding, run: Run): { by: NotRunBy; allowedBy: string | null; reason: string } {
  if (ended.how === 'cancelled')
    return { by: 'cancelled', allowedBy: whoCancelled(run.notes), reason: 'the run was cancelled' };
  if (ended.how === 'bailed')
    return { by: 'bail', allowedBy: run.principal, reason: 'the run stops after its first failure' };
  return { by: 'unexplained', allowedBy: null, reason: ended.problem?.message ?? 'nobody saw this file to its end' };
}

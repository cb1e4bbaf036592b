/** What the base commit says about a failure: by a rerun in this execution, or by what the ledger holds for exactly this commit. */
import type { BaseFile, BaseTry, BlameClass, BlameEvidence } from './blame.schema.js';
import type { PastResult } from './flaky.js';
import type { BatchOutcome } from './outcome.schema.js';
import type { TestResult } from './result.schema.js';
import { type Failure, sameFailure, speaksOfNetwork } from './same-failure.js';

export interface BaseWord {
  readonly class: BlameClass;
  readonly reason: string;
  readonly baseTries: BlameEvidence['baseTries'];
  readonly executions: string[];
}

/** A result at the base commit, from an earlier execution. */
export interface PastFailure extends PastResult, Failure {}

interface Seen {
  readonly try: number;
  readonly file: BaseFile;
  readonly result: BaseFile['results'][number] | undefined;
}

type Key = Pick<TestResult, 'testId' | 'occurrence' | 'suite' | 'file' | 'kind'>;

/** `failures`: the failed attempts of this execution. `undefined`: the base was not asked about this file. */
export function wordOfRerun(key: Key, failures: readonly Failure[], tries: readonly BaseTry[]): BaseWord | undefined {
  const seen = seenAtBase(key, tries);
  if (seen.length === 0) return undefined;
  const word = (name: BlameClass, reason: string): BaseWord => ({
    class: name,
    reason,
    baseTries: seen.map(shown),
    executions: [],
  });
  if (seen.every((s) => !s.file.present)) return word('your_change', 'Its file does not exist at the base commit.');
  const found = seen.filter((s) => s.result !== undefined);
  if (found.length === 0) return word('your_change', absent(key, seen));
  const red = found.filter((s) => s.result?.status === 'failed');
  const green = found.filter((s) => s.result?.status === 'passed');
  if (red.length === 0)
    return word(
      'your_change',
      green.length > 0 ? 'It passes at the base commit.' : 'It is skipped at the base commit.',
    );
  const same = red.some((s) => failures.some((f) => s.result && sameFailure(f, s.result)));
  if (!same) {
    return word('your_change', 'It fails at the base commit too, but differently: that does not explain this failure.');
  }
  if (green.length > 0)
    return word(
      'known_flaky',
      `At the base commit it passed in ${green.length} of ${found.length} tries and failed the same way in the others.`,
    );
  if (red.length < found.length) return word('your_change', 'At the base commit it is not always run.');
  if (red.every((s) => s.result?.fault === 'error' && speaksOfNetwork(s.result.message)))
    return word('environment', 'It cannot reach the network, and neither can the base commit.');
  return word('red_before', `It fails the same way at the base commit (${times(red.length)}).`);
}

function seenAtBase(key: Key, tries: readonly BaseTry[]): Seen[] {
  return tries.flatMap(({ try: no, files }) =>
    files
      .filter((f) => f.suite === key.suite && f.file === key.file)
      .map((file) => ({
        try: no,
        file,
        result: file.results.find((r) => r.testId === key.testId && r.occurrence === key.occurrence),
      })),
  );
}

function absent(key: Key, seen: readonly Seen[]): string {
  if (key.kind === 'file') return 'At the base commit nothing of the kind happens to its file.';
  return seen.some((s) => s.file.ended && !loadFailed(s.file))
    ? 'It does not exist at the base commit.'
    : 'Its file could not be run to its end at the base commit, so nothing speaks for it.';
}

const loadFailed = (file: BaseFile): boolean => file.results.some((r) => r.kind === 'file' && r.status === 'failed');

const shown = (s: Seen): BlameEvidence['baseTries'][number] => ({
  try: s.try,
  status: s.result?.status ?? (s.file.present ? (s.file.outcome ?? 'absent') : 'absent'),
  message: (s.result?.message ?? null)?.slice(0, 300) ?? null,
});

const times = (n: number): string => (n === 1 ? 'one try' : `${n} of ${n} tries`);

/** A file without an end: excused when its process came to the same end at the base commit, each time. */
export function wordOfSameEnd(
  key: Pick<Key, 'suite' | 'file'>,
  outcome: BatchOutcome | null,
  tries: readonly BaseTry[],
): BaseWord | undefined {
  const seen = seenAtBase({ ...key, testId: '', occurrence: 0, kind: 'file' }, tries);
  if (seen.length === 0) return undefined;
  const same = outcome !== null && seen.every((s) => s.file.present && !s.file.ended && s.file.outcome === outcome);
  return {
    class: same ? 'red_before' : 'your_change',
    reason: same
      ? `Its process comes to the same end at the base commit (${times(seen.length)}).`
      : 'At the base commit its process does not come to this end.',
    baseTries: seen.map(shown),
    executions: [],
  };
}

/** `atBase`: results at exactly the base commit without local changes, newest first. A pass there decides nothing: it may be old. */
export function wordOfLedger(failures: readonly Failure[], atBase: readonly PastFailure[]): BaseWord | undefined {
  const red = atBase.filter((p) => p.status === 'failed');
  const green = atBase.filter((p) => p.status === 'passed');
  if (red.length === 0 || green.length > 0 || atBase.some((p) => p.status === 'flaky')) return undefined;
  if (!red.every((p) => failures.some((f) => sameFailure(f, p)))) return undefined;
  return {
    class: 'red_before',
    reason: `It failed the same way when the base commit itself was run (${red.length === 1 ? 'one execution' : `${red.length} executions`}).`,
    baseTries: [],
    executions: red.slice(0, 10).map((p) => p.execution),
  };
}

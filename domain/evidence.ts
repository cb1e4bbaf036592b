/** What an ended attempt proves, from how its process ended and what its reporter said. Nothing here is ever green by default. */
import type { Evidence, ExitRecord } from './batch.schema.js';
import type { Limits } from './config.schema.js';
import type { ExitMeaning } from './framework.js';
import type { BatchOutcome } from './outcome.schema.js';

export interface Observed {
  readonly reporterLoaded: boolean;
  readonly reporterEnded: boolean;
  readonly filesExpected: readonly string[];
  readonly filesEnded: ReadonlySet<string>;
  readonly tests: number;
  /** Failed tests, failed files and errors outside tests. */
  readonly failed: number;
  /** Files that were reported although nobody asked for them. */
  readonly strangers: readonly string[];
  /** A reader's complaint about the report itself. */
  readonly corrupt: string | null;
  /** A report that is no regular file, or too large to be one: it was not even opened. */
  readonly refusedReport?: string | null;
  /** Everything after the first failure was left out on purpose. */
  readonly bailed: boolean;
}

export interface Judged {
  readonly outcome: BatchOutcome;
  readonly message: string;
}

/** By a signal, or with the program that watches it: what it would have said at its end is not known. */
export const wasKilled = ({ exit }: Pick<Evidence, 'exit'>): boolean =>
  exit !== null && (exit.signal !== null || exit.killed === 'orphaned');

const KILLED: Record<NonNullable<ExitRecord['killed']>, Judged> = {
  timeout: {
    outcome: 'timeout',
    message:
      'The time limit was reached and the process tree was ended. Raise `limits.timeoutMs` of the suite if it needs longer.',
  },
  silence: {
    outcome: 'timeout',
    message:
      'Nothing was printed or reported for the time of `limits.silenceMs`, so the process tree was ended. It may have waited for input: standard input is empty here.',
  },
  cancelled: { outcome: 'cancelled', message: 'The run was cancelled; what had finished is kept.' },
  memory: {
    outcome: 'limit_memory',
    message: 'The memory limit was reached. Raise `limits.memoryMb` of the suite or run with fewer workers.',
  },
  output: { outcome: 'limit_output', message: 'More output than `limits.outputMb` allows.' },
  processes: { outcome: 'limit_processes', message: 'More processes than `limits.processes` allows.' },
  disk: { outcome: 'limit_disk', message: 'The disk is full. Free some space and run again.' },
  lease: {
    outcome: 'lost_worker',
    message: 'The runner stopped answering, so the process tree was ended before another runner takes the batch over.',
  },
  policy: { outcome: 'blocked_policy', message: 'A policy forbids to start this.' },
  orphaned: { outcome: 'lost_worker', message: 'The program that watches the process tree was killed.' },
};

/** What was reached, in figures where there are some. */
function judgeKilled(killed: NonNullable<ExitRecord['killed']>, exit: ExitRecord, limits: Partial<Limits>): Judged {
  const { outcome, message } = KILLED[killed];
  const peak = exit.peakMemoryMb === null ? '' : `, at most ${Math.round(exit.peakMemoryMb)} MiB were seen in use`;
  if (killed === 'memory' && limits.memoryMb !== undefined)
    return { outcome, message: `${message} The limit is ${limits.memoryMb} MiB${peak}.` };
  if (killed === 'disk' && limits.diskMb !== undefined)
    return { outcome, message: `More than \`limits.diskMb\` (${limits.diskMb} MiB) was written, or the disk is full.` };
  if (killed === 'processes' && limits.processes !== undefined)
    return { outcome, message: `${message} The limit is ${limits.processes}.` };
  return { outcome, message: exit.hint ? `${message} At the end ${exit.hint}.` : message };
}

export function judgeAttempt(
  exit: ExitRecord,
  meaning: (code: number) => ExitMeaning,
  seen: Observed,
  limits: Partial<Limits> = {},
): Judged {
  if (exit.killed === 'policy')
    return { outcome: 'blocked_policy', message: exit.startError ?? 'A policy forbids to start this.' };
  // A full disk may keep it from starting, and is the runner's, not the command's.
  if (exit.startError !== null && exit.killed !== 'disk')
    return { outcome: 'error_setup', message: `The test command could not be started: ${exit.startError}` };
  if (exit.killed !== null) return judgeKilled(exit.killed, exit, limits);
  if (exit.signal !== null || exit.code === null) {
    return {
      outcome: 'error_runner_crashed',
      message: `The test process was ended by ${exit.signal ?? 'something unknown'} before it was done.`,
    };
  }
  return judgeReport(exit.code, meaning(exit.code), seen);
}

function judgeReport(code: number, meaning: ExitMeaning, seen: Observed): Judged {
  const missing = seen.filesExpected.filter((file) => !seen.filesEnded.has(file));
  if (seen.refusedReport)
    return { outcome: 'blocked_policy', message: `The report was refused: ${seen.refusedReport}` };
  if (seen.corrupt !== null)
    return { outcome: 'error_corrupt_report', message: `The report could not be read: ${seen.corrupt}` };
  if (seen.strangers.length > 0) {
    return {
      outcome: 'error_inconsistent',
      message: `Results came for files that this batch does not have: ${list(seen.strangers)}.`,
    };
  }
  if (meaning === 'broken') {
    return {
      outcome: 'error_runner_crashed',
      message: `The test process ended with exit code ${code}, which is outside its protocol. The end of its output tells more.`,
    };
  }
  if (seen.filesEnded.size === 0 && seen.tests === 0 && seen.failed === 0) {
    const why = seen.reporterLoaded ? 'it found no tests in the files it was given' : 'its reporter was never loaded';
    return { outcome: 'error_no_results', message: `Exit code ${code}, but not a single result: ${why}.` };
  }
  const bailedEarly = seen.bailed && seen.failed > 0;
  if (!seen.reporterEnded && !bailedEarly) {
    return {
      outcome: 'error_partial_report',
      message: `The report stops in the middle: ${seen.filesEnded.size} of ${seen.filesExpected.length} files were reported to their end (exit code ${code}).`,
    };
  }
  if (missing.length > 0 && !bailedEarly) {
    return {
      outcome: 'error_partial_report',
      message: `The report says it is complete, but says nothing of ${list(missing)}.`,
    };
  }
  if (meaning === 'green' && seen.failed > 0) {
    return {
      outcome: 'error_inconsistent',
      message: `Exit code ${code} says that all passed, the report holds ${seen.failed} failed.`,
    };
  }
  if (meaning === 'red' && seen.failed === 0) {
    return {
      outcome: 'error_inconsistent',
      message: `Exit code ${code} says that something failed, the report holds no failure. A coverage threshold or an exit handler may be the cause.`,
    };
  }
  if (meaning === 'empty' && seen.tests > 0) {
    return {
      outcome: 'error_inconsistent',
      message: `Exit code ${code} says that there were no tests, the report holds ${seen.tests}.`,
    };
  }
  return seen.failed > 0
    ? { outcome: 'failed', message: `${seen.failed} of ${seen.tests} failed.` }
    : { outcome: 'passed', message: `${seen.tests} passed or skipped.` };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

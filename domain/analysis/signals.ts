/** What classification looks at: one failed try, brought to a form that rules can read. */
import { visibleText } from '../redact.js';
import type { ResultRow } from '../result.schema.js';

export interface Signals {
  /** A file that could not be loaded or ended early. */
  readonly wholeFile: boolean;
  readonly fault: 'failure' | 'error' | null;
  /** Message and the lines of the stack that are no frames: exception names, causes. At most 6,000 characters. */
  readonly text: string;
  /** The frames alone. At most 6,000 characters. */
  readonly frames: string;
  readonly expected: string | null;
  readonly actual: string | null;
}

export type FailedTry = Pick<
  ResultRow,
  'kind' | 'fault' | 'message' | 'stack' | 'expected' | 'actual' | 'stderr' | 'stdout'
>;

const LOOKED_AT = 6_000;
const FRAME = /^\s*(?:at\s|File "|\.{3} \d+ more|goroutine \d|\d+: 0x|\s+at )/;

export function signalsOf(failed: FailedTry): Signals {
  const message = visibleText((failed.message ?? '').slice(0, LOOKED_AT));
  const stack = visibleText((failed.stack ?? '').slice(0, LOOKED_AT * 2));
  const lines = stack.split('\n');
  const words = lines.filter((line) => !FRAME.test(line)).join('\n');
  const wholeFile = failed.kind === 'file';
  // Where a file never came to its tests, only its output says why.
  const log = wholeFile ? visibleText(`${failed.stderr ?? ''}\n${failed.stdout ?? ''}`.slice(0, LOOKED_AT)) : '';
  return {
    wholeFile,
    fault: failed.fault ?? null,
    text: `${message}\n${words}\n${log}`.slice(0, LOOKED_AT * 2),
    frames: lines
      .filter((line) => FRAME.test(line))
      .join('\n')
      .slice(0, LOOKED_AT),
    expected: failed.expected,
    actual: failed.actual,
  };
}

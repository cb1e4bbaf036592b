/** From what a failed Rust test printed to message, stack and place. */
import { plainText } from '../../../domain/clip.js';

interface Failure {
  readonly message: string;
  readonly stack?: string;
  readonly line?: number;
  readonly column?: number;
  readonly stdout?: string;
}

/** `thread 'tests::x' (123) panicked at src/lib.rs:12:5:` and then the message, up to the notes (since 1.73). */
const PANIC =
  /^thread '.*' (?:\(\d+\) )?panicked at (?:(.+?):(\d+):(\d+):\n([\s\S]*?))(?=\nstack backtrace:|\nnote: (?:run with|Some details)|$(?![\s\S]))/m;
/** Before 1.73 the message stood first: `panicked at 'boom', src/lib.rs:12:5`. */
const OLD_PANIC = /^thread '.*' panicked at '([\s\S]*?)', (.+?):(\d+):(\d+)$/m;
const NOTES = /^note: (?:test did not panic as expected|panic did not contain expected string)[\s\S]*$/m;

/** `file`: source of the target; a line number is given only when it is in that file. */
export function failureOf(output: string | undefined, file: string): Failure {
  const text = plainText(output ?? '').trim();
  if (text === '') return { message: 'The test failed; libtest printed nothing about it.' };
  const modern = PANIC.exec(text);
  const old = modern ? null : OLD_PANIC.exec(text);
  const found = modern ?? old;
  if (!found) return { message: text };
  const [source, line, column, panic] = modern
    ? [modern[1]!, modern[2]!, modern[3]!, modern[4]!]
    : [old![2]!, old![3]!, old![4]!, old![1]!];
  const notes = NOTES.exec(text)?.[0];
  const before = text.slice(0, found.index).trim();
  const after = text.slice(found.index);
  return {
    message: `${panic.trim()}${notes === undefined ? '' : `\n${notes}`}\npanicked at ${source}:${line}:${column}`,
    ...(after.includes('\nstack backtrace:') ? { stack: after } : {}),
    ...(samePath(source, file) ? { line: Number(line), column: Number(column) } : {}),
    ...(before === '' ? {} : { stdout: before }),
  };
}

/** Panics name files from the workspace's root, a suite may begin below it. */
const samePath = (a: string, b: string): boolean => a === b || a.endsWith(`/${b}`) || b.endsWith(`/${a}`);

/** What a Go test printed, and what can be learned from it. */
import { plainText } from '../../../domain/clip.js';

/** Frame lines of the testing package: they repeat what the stream's actions say. */
const FRAME = /^(?:=== (?:RUN|PAUSE|CONT|NAME)\b.*|\s*--- (?:PASS|FAIL|SKIP|BENCH): .* \([\d.]+s\))$/;

/** Output without frame lines, colours and control characters. */
export function plainOutput(text: string): string {
  return plainText(text)
    .split('\n')
    .filter((line) => !FRAME.test(line))
    .join('\n')
    .trimEnd();
}

interface Failure {
  readonly message: string;
  readonly stack?: string;
  readonly line?: number;
}

/** A panic's goroutines become the stack; everything a failed test printed is its message. */
export function failureOf(output: string): Failure {
  const cut = /^(?:goroutine \d+ .*\[[^\]]*\]:)$/m.exec(output)?.index;
  const head = cut === undefined ? output : output.slice(0, cut);
  const line = Number(/(?:^|[\s/])[\w.-]+_test\.go:(\d+)/m.exec(output)?.[1]);
  return {
    message: head.trimEnd() === '' ? 'The test failed without a message of its own.' : head.trimEnd(),
    ...(cut === undefined ? {} : { stack: output.slice(cut) }),
    ...(line > 0 ? { line } : {}),
  };
}

/** The text of the last log line, which is what `t.Skip` wrote. */
export function skipReason(output: string): string | undefined {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines
    .at(-1)
    ?.replace(/^\s*[\w.-]+\.go:\d+: /, '')
    .slice(0, 2048);
}

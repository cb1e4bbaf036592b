/**
 * Where the cause may lie: frames of the stack that are in the project, lines that the change has touched, the test file.
 * A frame on a changed line counts most; a test file least, because a test seldom is the cause of its own failure.
 */
import type { CauseCandidate, Frame } from './analysis.schema.js';

export interface ChangedFile {
  /** Relative to the project. */
  readonly file: string;
  /** Changed or added lines of the new text, as ranges of which both ends count. */
  readonly lines: readonly (readonly [from: number, to: number])[];
}

const MOST = 5;
const WEIGHT = {
  frame: 0.5,
  fade: 0.75,
  changedLine: 0.45,
  changedFile: 0.25,
  near: 0.1,
  changedOnly: 0.15,
  test: 0.35,
} as const;
/** So many lines beside a changed one still count as near. */
const NEAR = 5;

const TEST_FILE =
  /(?:^|\/)(?:tests?|__tests__|spec|specs)\/|[._-](?:test|spec)\.[a-z]+$|_test\.(?:go|py)$|(?:^|\/)test_[^/]*\.py$|Tests?\.(?:java|kt)$/;
export const isTestFile = (file: string): boolean => TEST_FILE.test(file);

export function candidatesOf(frames: readonly Frame[], changed: readonly ChangedFile[] | undefined): CauseCandidate[] {
  const found = new Map<string, { line: number | null; score: number; why: string[] }>();
  frames.forEach((frame, depth) => {
    if (found.has(frame.file)) return;
    const why = [depth === 0 ? 'the innermost frame of the stack' : `frame ${depth + 1} of the stack`];
    const touch = touchOf(frame, changed);
    if (touch) why.push(touch.why);
    const score = WEIGHT.frame * WEIGHT.fade ** depth + (touch?.weight ?? 0);
    found.set(frame.file, { line: frame.line, score, why });
  });
  for (const { file, lines } of changed ?? []) {
    if (found.has(file) || isTestFile(file)) continue;
    found.set(file, { line: lines[0]?.[0] ?? null, score: WEIGHT.changedOnly, why: ['changed against the base'] });
  }
  return [...found]
    .map(([file, { line, score, why }]) => {
      const test = isTestFile(file);
      const weighed = Math.min(1, test ? score * WEIGHT.test : score);
      return { file, line, score: Math.round(weighed * 100) / 100, why: test ? [...why, 'a test file'] : why };
    })
    .sort((a, b) => b.score - a.score || (a.file < b.file ? -1 : 1))
    .slice(0, MOST);
}

function touchOf(
  frame: Frame,
  changed: readonly ChangedFile[] | undefined,
): { weight: number; why: string } | undefined {
  const file = changed?.find((each) => each.file === frame.file || each.file.endsWith(`/${frame.file}`));
  if (!file) return undefined;
  const { line } = frame;
  const within = (room: number): boolean =>
    line !== null && file.lines.some(([from, to]) => line >= from - room && line <= to + room);
  if (within(0)) return { weight: WEIGHT.changedLine, why: 'this line was changed against the base' };
  if (within(NEAR))
    return { weight: WEIGHT.changedFile + WEIGHT.near, why: 'lines beside it were changed against the base' };
  return { weight: WEIGHT.changedFile, why: 'the file was changed against the base' };
}

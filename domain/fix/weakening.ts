/**
 * Changes that make tests easier to pass in place of the program better. Marks are counted on removed and added lines:
 * one mark more than before is refused, for checks one less. Patterns are fixed and linear, lines are bounded.
 */
import type { DiffLine, FileDiff } from './diff.js';

export interface Refusal {
  readonly rule: string;
  readonly message: string;
}

interface Mark {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly message: string;
}

/** What may not be added. */
const ADDED: readonly Mark[] = [
  {
    rule: 'skip',
    pattern:
      /\b(?:it|test|describe|suite|context|t|ctx)\s*\??\.\s*(?:skip|only|todo|fixme|failing|fails|skipIf|runIf|Skip\w*)\b|\b(?:xit|xtest|xdescribe|fit|fdescribe)\b\s*\(|@(?:Ignore|Disabled)\b|\bmark\.(?:skip|xfail)|#\[ignore/g,
    message: 'skips tests, or runs only some',
  },
  {
    rule: 'sleep',
    pattern:
      /\b(?:setTimeout|setInterval|setImmediate|sleep|delay|usleep|nanosleep)\s*\(|\bAtomics\s*\.\s*wait|\btime\.After\b|\bThread\b/g,
    message: 'waits, which hides an order that is wrong',
  },
  {
    rule: 'retry',
    pattern: /\bretryTimes\b|\.retries\s*\(|\bflaky\b/gi,
    message: 'tries again until it works',
  },
  {
    rule: 'catch-all',
    pattern:
      /\bcatch\b|\bexcept\b|\brecover\s*\(|\buncaughtException\b|\bunhandledRejection\b|\ballSettled\b|\bonerror\b/g,
    message: 'catches errors in place of not causing them',
  },
  {
    rule: 'process',
    pattern:
      /\bprocess\b|\bexitCode\b|\bos\._?exit\b|\bsys\.exit\b|\bRuntime\.getRuntime|\bSystem\.exit\b|\bDeno\b|\bBun\b|\bworker_threads\b|\bworkerData\b|\bparentPort\b/g,
    message: 'reaches for the process, its end or its environment',
  },
  {
    rule: 'evaluation',
    pattern:
      /\beval\b|\bFunction\s*\(|\.constructor\b|\bimport\s*\(|\brequire\b\s*[^\s(]?\(|\bcreateRequire\b|\bimport\.meta\b|\bWebAssembly\b|\bexec\s*\(\s*['"`]/g,
    message: 'loads or runs code that is not in the patch',
  },
  {
    rule: 'dependency',
    pattern: /\bfrom\s+['"](?!\.{1,2}\/)|^\s*import\s+['"]|^\s*import\s+[\w.]+\s*;?$/g,
    message: 'brings in a module that was not used before',
  },
  {
    rule: 'network',
    pattern: /\bfetch\s*\(|\bXMLHttpRequest\b|\bWebSocket\b|\bEventSource\b|\bsendBeacon\b|https?:\/\//g,
    message: 'talks to the network',
  },
  {
    rule: 'test-awareness',
    pattern:
      /\bNODE_ENV\b|\bNODE_TEST_CONTEXT\b|\bVITEST\w*\b|\bJEST_\w+|\bisTest\w*\b|\bunderTest\b|\b(?:expect|describe|beforeEach|afterEach)\s*\(|\bassert\b|\bmock\w*\b|\.stack\b|\bcaptureStackTrace\b|\bprepareStackTrace\b|\.callee\b|\.caller\b|\bBATON_\w*/g,
    message: 'asks whether it is being tested',
  },
  {
    rule: 'tampering',
    pattern:
      /\bglobalThis\b|\bglobal\b\s*[.[]|\bwindow\s*\[|\b__proto__\b|\bprototype\b|\bsetPrototypeOf\b|\bdefinePropert(?:y|ies)\b|\bnew\s+Proxy\b|\bReflect\b|\bSymbol\s*\.\s*\w+|\bvalueOf\b|\btoJSON\b|\basymmetricMatch\b|\b(?:assert|expect|Object|Math|JSON|Array|String|Number|Date|Promise|Map|Set|console)\s*(?:\.\s*\w+|\[[^\]]{0,80}\])\s*=(?!=)/g,
    message: 'changes what comparisons or built-in things mean',
  },
  {
    rule: 'suppression',
    pattern:
      /@ts-(?:ignore|expect-error|nocheck)|\beslint-disable|\bbiome-ignore|\b(?:istanbul|c8|v8)\s+ignore|\bnoqa\b|\btype:\s*ignore|\bas\s+(?:any|unknown|never)\b|@SuppressWarnings|#\[allow/g,
    message: 'silences a checker',
  },
  {
    rule: 'hidden-text',
    pattern:
      /\\x[0-9a-f]{2}|\\u\{?[0-9a-f]{2,6}|\bfromCharCode\b|\bfromCodePoint\b|\batob\b|\bBuffer\b|\bTextDecoder\b|\[\s*(?:'[^']{0,40}'|"[^"]{0,40}"|`[^`]{0,40}`)\s*(?:\+|\.)|['"`]\s*\]?\s*\.\s*(?:join|reverse|concat)\s*\(/gi,
    message: 'hides which words it uses',
  },
  {
    rule: 'chance',
    pattern:
      /\bMath\s*\.\s*random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b|\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bperformance\b/g,
    message: 'makes the outcome depend on chance or the clock',
  },
  {
    rule: 'recorded-answer',
    pattern: /\bJSON\s*\.\s*stringify\s*\([^)]{0,200}\)\s*[!=]==?|[!=]==?\s*JSON\s*\.\s*stringify/g,
    message: 'compares whole inputs with recorded ones',
  },
];

/** What may not become less. */
const KEPT: readonly Mark[] = [
  {
    rule: 'assertion',
    pattern: /\bassert\w*\b|\bexpect\s*\(|\.should\b|\binvariant\s*\(|\brequire\s*\(\s*!|\bconsole\.assert\b/g,
    message: 'removes or weakens a check',
  },
  {
    rule: 'assertion',
    pattern: /\bthrow\b|\braise\b|\bpanic\b|\breject\s*\(/g,
    message: 'removes an error that was thrown',
  },
];

/** Numbers on these lines say how exact or how patient something is. */
const TOLERANCE = /epsilon|toleran|precision|delta\b|threshold|timeout|retries|attempts|toBeCloseTo|closeTo|approx/i;
const NUMBER = /\b\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?\b/gi;
/** A longer line is minified or data; nothing on it is judged, so it is refused. */
const MAX_LINE = 2_000;

export function weakening(file: FileDiff): Refusal[] {
  const lines = file.hunks.flatMap((hunk) => hunk.lines).filter((line) => line.kind !== 'same');
  if (lines.some((line) => line.text.length > MAX_LINE))
    return [{ rule: 'size', message: `${file.path} has a changed line of more than ${MAX_LINE} characters` }];
  const found: Refusal[] = [];
  for (const { rule, pattern, message } of ADDED)
    if (count(lines, 'added', pattern) > count(lines, 'removed', pattern)) found.push({ rule, message });
  for (const { rule, pattern, message } of KEPT)
    if (count(lines, 'added', pattern) < count(lines, 'removed', pattern)) found.push({ rule, message });
  if (widens(lines)) found.push({ rule: 'tolerance', message: 'changes how exact or how patient something is' });
  if (hiddenLetters(lines)) found.push({ rule: 'hidden-text', message: 'holds invisible or look-alike letters' });
  return found;
}

const count = (lines: readonly DiffLine[], kind: DiffLine['kind'], pattern: RegExp): number =>
  lines.reduce((sum, line) => (line.kind === kind ? sum + (line.text.match(pattern)?.length ?? 0) : sum), 0);

function widens(lines: readonly DiffLine[]): boolean {
  const numbers = (kind: DiffLine['kind']): string =>
    lines
      .filter((line) => line.kind === kind && TOLERANCE.test(line.text))
      .flatMap((line) => line.text.match(NUMBER) ?? [])
      .join(' ');
  return numbers('added') !== numbers('removed');
}

/** Direction marks, zero widths, tags, and Cyrillic or Greek letters that stand for Latin ones. */
const INVISIBLE = /\p{Cf}|\p{Variation_Selector}|[\u115f\u1160\u3164\uffa0]|\u034f/gu;
const LOOK_ALIKE = /[\u0370-\u03ff\u0400-\u052f\uff01-\uff5e]/g;

const hiddenLetters = (lines: readonly DiffLine[]): boolean =>
  [INVISIBLE, LOOK_ALIKE].some((pattern) => count(lines, 'added', pattern) > count(lines, 'removed', pattern));

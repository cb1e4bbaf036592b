/** What one line of TAP says. */
import { BoundedText, plausibleMs, strictNumber, TEXT } from './report.js';

/** A test point before its diagnostics and its place are known. */
export interface Point {
  readonly ok: boolean;
  readonly name: string;
  readonly directive: 'todo' | 'skip' | undefined;
  readonly reason: string;
  readonly ms: number | undefined;
  /** `ok 1 - name {`: its subtests follow, up to `}`. */
  readonly braced: boolean;
  /** Text of the YAML block below the point. */
  readonly yaml: BoundedText;
  /** Comment lines below the point, which older writers use for diagnostics. */
  readonly comments: BoundedText;
}

export type TapLine =
  | { readonly kind: 'version' }
  | { readonly kind: 'plan'; readonly count: number }
  | { readonly kind: 'point'; readonly point: Point }
  | { readonly kind: 'subtest'; readonly name: string }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'bail'; readonly reason: string }
  | { readonly kind: 'brace' };

/** Reads a line without its indentation; undefined when it is not TAP. */
export function tapLine(text: string): TapLine | undefined {
  if (/^TAP version 1[234]\s*$/.test(text)) return { kind: 'version' };
  if (/^Bail out!/i.test(text)) return { kind: 'bail', reason: text.slice(9).trim() };
  if (text.trimEnd() === '}') return { kind: 'brace' };
  if (text.startsWith('#')) {
    const subtest = /^# Subtest(?:: ?(.*))?$/.exec(text);
    return subtest
      ? { kind: 'subtest', name: unescaped((subtest[1] ?? '').trim()) }
      : { kind: 'comment', text: text.slice(1).trim() };
  }
  const plan = /^1\.\.(\d{1,9})\s*(?:#.*)?$/.exec(text);
  if (plan) return { kind: 'plan', count: Number(plan[1]) };
  const point = readPoint(text);
  return point && { kind: 'point', point };
}

function readPoint(text: string): Point | undefined {
  const found = /^(ok|not ok)(?:\s+(\d{1,9})(?=\s|$))?(?:\s+-(?=\s|$))?(?:\s+(.*))?$/.exec(text);
  if (!found) return undefined;
  let rest = (found[3] ?? '').trim();
  const braced = rest.endsWith('{') && (rest === '{' || /\s\{$/.test(rest));
  if (braced) rest = rest.slice(0, -1).trim();
  const hash = directiveStart(rest);
  const after = hash >= 0 ? rest.slice(hash + 1).trim() : '';
  const word = /^(todo|skip)[a-z]*\b:?\s*/i.exec(after);
  const time = /^time=([\d.]{1,20})(ms|s)?\b/.exec(after);
  const name = word || time ? rest.slice(0, hash).trim() : rest;
  const scale = time?.[2] === 's' ? 1000 : 1;
  const value = strictNumber(time?.[1]);
  return {
    ok: found[1] === 'ok',
    name: unescaped(name),
    directive: word ? (word[1]!.toLowerCase() as 'todo' | 'skip') : undefined,
    reason: word ? after.slice(word[0].length) : '',
    ms: plausibleMs(value === undefined ? undefined : value * scale),
    braced,
    yaml: new BoundedText(2 * TEXT.stack),
    comments: new BoundedText(TEXT.message),
  };
}

/** Index of the last `#` that begins a directive: after white space, not escaped. */
function directiveStart(text: string): number {
  for (let i = text.indexOf('#'); i >= 0; i = text.indexOf('#', i + 1)) {
    const begins = i === 0 || /\s/.test(text[i - 1]!);
    if (begins && /^#\s*(?:todo|skip|time=)/i.test(text.slice(i, i + 20))) return i;
  }
  return -1;
}

function unescaped(text: string): string {
  return text.replace(/\\([\\#])/g, '$1');
}

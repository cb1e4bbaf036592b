/**
 * File patterns: `*`, `?`, `**`, `{a,b}`, `[abc]`, `[!a-z]`. No pattern becomes a regular expression: matching a name of n
 * characters against a pattern of m takes at most n × m steps, whatever the pattern. Names that begin with a dot are
 * matched like all others.
 */
import { ProjectProblem } from '../../domain/failures.js';

const MAX_PATTERN_CHARS = 1_000;
/** `{a,b}{c,d}` … multiply: so many patterns may come of one. */
const MAX_ALTERNATIVES = 1_000;

type Token = { readonly kind: 'char'; readonly char: string } | { readonly kind: 'any' | 'star' } | CharacterClass;
interface CharacterClass {
  readonly kind: 'class';
  readonly negated: boolean;
  readonly ranges: readonly (readonly [string, string])[];
}
type Segment = '**' | readonly Token[];

/** Index of the brace that closes the one at `open`, or -1. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function splitAlternatives(inner: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < inner.length; at += 1) {
    if (inner[at] === '{') depth += 1;
    if (inner[at] === '}') depth -= 1;
    if (inner[at] === ',' && depth === 0) {
      parts.push(inner.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, inner.slice(from)];
}

/** `a/{b,c}.ts` → `a/b.ts`, `a/c.ts`. A group without a comma, such as `{x}`, stands for itself. */
export function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf('{');
  const close = open === -1 ? -1 : closingBrace(pattern, open);
  if (close === -1) return [pattern];
  const before = pattern.slice(0, open);
  const rests = expandBraces(pattern.slice(close + 1));
  const alternatives = splitAlternatives(pattern.slice(open + 1, close));
  const inner = alternatives.length === 1 ? [`\u0000${alternatives[0]}\u0001`] : alternatives.flatMap(expandBraces);
  if (inner.length * rests.length > MAX_ALTERNATIVES)
    throw invalid(pattern, `stands for more than ${MAX_ALTERNATIVES} patterns`);
  return inner.flatMap((middle) =>
    rests.map((rest) => `${before}${middle.replace('\u0000', '{').replace('\u0001', '}')}${rest}`),
  );
}

function invalid(pattern: string, why: string): ProjectProblem {
  return new ProjectProblem(
    'ConfigInvalid',
    `the file pattern ${JSON.stringify(pattern.slice(0, 100))} ${why}: write it as several shorter patterns`,
  );
}

function characterClass(inner: string): CharacterClass {
  const negated = inner.startsWith('!') || inner.startsWith('^');
  const chars = [...(negated ? inner.slice(1) : inner)];
  const ranges: [string, string][] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const from = chars[at] ?? '';
    const to = chars[at + 1] === '-' ? chars[at + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  return { kind: 'class', negated, ranges };
}

function tokens(segment: string): Token[] {
  const chars = [...segment];
  const result: Token[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? '';
    // A bracket right behind the opening one belongs to the class: `[]a]`.
    const close = char === '[' ? chars.indexOf(']', at + 2) : -1;
    if (char === '*') {
      if (result.at(-1)?.kind !== 'star') result.push({ kind: 'star' });
    } else if (char === '?') result.push({ kind: 'any' });
    else if (close !== -1) {
      result.push(characterClass(chars.slice(at + 1, close).join('')));
      at = close;
    } else if (char === '\\' && at + 1 < chars.length) {
      result.push({ kind: 'char', char: chars[at + 1] ?? '' });
      at += 1;
    } else result.push({ kind: 'char', char });
  }
  return result;
}

function fits(token: Token, char: string): boolean {
  if (token.kind === 'char') return token.char === char;
  if (token.kind !== 'class') return true;
  return token.ranges.some(([from, to]) => from <= char && char <= to) !== token.negated;
}

/** Matches a sequence with wildcards that stand for any number of items: on a mismatch only the last one is lengthened. */
function matchSequence<P, I>(
  pattern: readonly P[],
  items: readonly I[],
  isWild: (p: P) => boolean,
  matches: (p: P, i: I) => boolean,
): boolean {
  let [p, i, wildAt, resumeAt] = [0, 0, -1, 0];
  while (i < items.length) {
    const part = pattern[p];
    if (part !== undefined && isWild(part)) [wildAt, resumeAt, p] = [p, i, p + 1];
    else if (part !== undefined && matches(part, items[i] as I)) [p, i] = [p + 1, i + 1];
    else if (wildAt === -1) return false;
    else [resumeAt, p, i] = [resumeAt + 1, wildAt + 1, resumeAt + 1];
  }
  return pattern.slice(p).every(isWild);
}

function matchSegment(segment: Segment, name: string): boolean {
  return segment === '**' || matchSequence<Token, string>(segment, [...name], ({ kind }) => kind === 'star', fits);
}

function compile(pattern: string): Segment[][] {
  if (pattern.length > MAX_PATTERN_CHARS) throw invalid(pattern, `is longer than ${MAX_PATTERN_CHARS} characters`);
  return expandBraces(pattern).map((one) => {
    const names = one.split('/').filter((name) => name !== '' && name !== '.');
    return names.map((name) => (name === '**' ? '**' : tokens(name)));
  });
}

/** A test for paths with forward slashes, relative to where the patterns start. Throws `ProjectProblem` for absurd patterns. */
export function globMatcher(patterns: readonly string[]): (path: string) => boolean {
  const compiled = patterns.flatMap(compile);
  return (path) => {
    const names = path.split('/');
    return compiled.some((segments) =>
      matchSequence<Segment, string>(segments, names, (segment) => segment === '**', matchSegment),
    );
  };
}

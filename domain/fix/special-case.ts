/** Patches that know the test: a new literal of the failing tests' own inputs or answers, where a decision is made. */
import type { FileDiff } from './diff.js';
import type { Refusal } from './weakening.js';

const STRINGS = /'((?:[^'\\\n]|\\.){2,200})'|"((?:[^"\\\n]|\\.){2,200})"|`((?:[^`\\$\n]|\\.){2,200})`/g;
const NUMBERS = /(?<![\w.])\d[\d_]*(?:\.\d+)?(?![\w.])/g;
/** Where a literal decides: a comparison, a case, a look-up, a branch, or an answer. */
const DECIDES =
  /[!=]==?|\bcase\b|\bif\s*\(|\?\s*[^.?]|\bswitch\b|\.(?:includes|has|get|startsWith|endsWith|test|match)\s*\(|\breturn\b|=>|^\s*\[?['"\d]/;
/** Numbers so small that they are in every program. */
const SMALL = 2;

/** `before`: the file's text; `tests`: the text of the failing tests' files. */
export function specialCase(file: FileDiff, before: string, tests: readonly string[]): Refusal[] {
  const lines = file.hunks.flatMap((hunk) => hunk.lines);
  const known = new Set(literals(before));
  const asked = new Set(tests.flatMap(literals));
  const copied = new Set<string>();
  let decides = false;
  for (const { kind, text } of lines) {
    if (kind !== 'added') continue;
    const own = literals(text).filter((literal) => !known.has(literal) && asked.has(literal));
    for (const literal of own) copied.add(literal);
    if (own.length > 0 && DECIDES.test(text)) decides = true;
  }
  if (!decides && copied.size < 2) return [];
  return [{ rule: 'special-case', message: 'decides by a value that stands in the failing tests' }];
}

/** Texts, and numbers wherever they stand. */
function literals(text: string): string[] {
  const strings = [...text.matchAll(STRINGS)].map((match) => `s:${match[1] ?? match[2] ?? match[3] ?? ''}`);
  const numbers = (text.match(NUMBERS) ?? []).map((number) => Number(number.replaceAll('_', '')));
  return [...strings, ...numbers.filter((number) => number > SMALL).map((number) => `n:${number}`)];
}

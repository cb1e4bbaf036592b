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
  for (const { kind, text } of lines) {
    if (kind !== 'added' || !DECIDES.test(text)) continue;
    const copied = literals(text).find((literal) => !known.has(literal) && asked.has(literal));
    if (copied !== undefined)
      return [{ rule: 'special-case', message: 'decides by a value that stands in the failing tests' }];
  }
  return [];
}

function literals(text: string): string[] {
  const strings = [...text.matchAll(STRINGS)].map((match) => `s:${match[1] ?? match[2] ?? match[3] ?? ''}`);
  const numbers = (text.match(NUMBERS) ?? []).filter((number) => Number(number.replaceAll('_', '')) > SMALL);
  return [...strings, ...numbers.map((number) => `n:${Number(number.replaceAll('_', ''))}`)];
}

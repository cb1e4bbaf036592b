/**
 * Conditions of alert rules: names of series, numbers, comparisons, AND, OR, NOT and arithmetic, in the spelling of CEL or
 * with the words. They are brought to one form, CEL over series in their own units, and every name and unit is checked
 * while they are read. AND binds closer than OR, as in CEL.
 */
import type { Catalogue, SeriesUnit, Spelling } from '../monitoring/catalogue.js';
import { ConditionProblem, type Word, wordsOf } from './words.js';

export { ConditionProblem } from './words.js';

export interface Condition {
  /** For people: CEL over names of series, such as `system.cpu_usage > 0.8 && tests.failure_rate > 0.1`. */
  readonly text: string;
  /** For the evaluator: the same with `m0`, `m1` … in place of names, in the order of `series`. */
  readonly cel: string;
  readonly series: readonly string[];
}

/** Compiles CEL whose variables `m0` … are all numbers. Throws `ConditionProblem` when it is no condition. */
export type CompileCel = (cel: string, variables: number) => (values: readonly number[]) => boolean;

const MAX_CHARS = 500;
const MAX_SERIES = 20;
const COMPARISONS = new Set(['<', '>', '<=', '>=', '==', '!=']);

const SUFFIXES: Readonly<Record<string, { unit: SeriesUnit; factor: number }>> = {
  '%': { unit: 'ratio', factor: 0.01 },
  ms: { unit: 'seconds', factor: 0.001 },
  s: { unit: 'seconds', factor: 1 },
  m: { unit: 'seconds', factor: 60 },
  h: { unit: 'seconds', factor: 3600 },
  d: { unit: 'seconds', factor: 86_400 },
  w: { unit: 'seconds', factor: 604_800 },
  B: { unit: 'bytes', factor: 1 },
  kB: { unit: 'bytes', factor: 1e3 },
  KB: { unit: 'bytes', factor: 1e3 },
  MB: { unit: 'bytes', factor: 1e6 },
  GB: { unit: 'bytes', factor: 1e9 },
  KiB: { unit: 'bytes', factor: 1024 },
  kiB: { unit: 'bytes', factor: 1024 },
  MiB: { unit: 'bytes', factor: 1024 ** 2 },
  GiB: { unit: 'bytes', factor: 1024 ** 3 },
};

/** Throws `ConditionProblem` with what to write instead. */
export function readCondition(text: string, catalogue: Catalogue): Condition {
  if (text.length > MAX_CHARS) throw new ConditionProblem(`A condition has at most ${MAX_CHARS} characters.`);
  const words = wordsOf(text);
  if (words.length === 0) throw new ConditionProblem('The condition is empty: write one such as `cpu_usage > 0.9`.');
  const spellings = new Map<Word, Spelling>();
  for (const word of words)
    if (word.kind === 'name' && !isTruth(word)) spellings.set(word, resolve(word.text, catalogue));
  const series = [...new Set([...spellings.values()].map((s) => s.series.name))];
  if (series.length === 0) throw new ConditionProblem('The condition names no series, so it would always be the same.');
  if (series.length > MAX_SERIES) throw new ConditionProblem(`A condition names at most ${MAX_SERIES} series.`);
  checkUnits(words, spellings);
  const write = (nameOf: (series: string) => string): string =>
    words
      .map((word, i) => written(word, i, words, spellings, nameOf))
      .join(' ')
      .replaceAll('( ', '(')
      .replaceAll(' )', ')')
      .replaceAll('! ', '!');
  return { text: write((name) => name), cel: write((name) => `m${series.indexOf(name)}`), series };
}

const isTruth = (word: Word): boolean => word.kind === 'name' && (word.text === 'true' || word.text === 'false');

function resolve(name: string, catalogue: Catalogue): Spelling {
  const found = catalogue.resolve(name);
  if (found) return found;
  const meant = catalogue.suggest(name);
  throw new ConditionProblem(
    `There is no series "${name}"${meant ? `; did you mean "${meant}"?` : '.'} \`baton metrics --series\` lists those there are.`,
  );
}

/** The unit in which this number is compared is that of the name beside it. */
function written(
  word: Word,
  i: number,
  words: readonly Word[],
  spellings: ReadonlyMap<Word, Spelling>,
  nameOf: (series: string) => string,
): string {
  if (word.kind === 'sign') return word.text;
  if (word.kind === 'name') {
    const spelling = spellings.get(word);
    if (!spelling) return word.text;
    const name = nameOf(spelling.series.name);
    return spelling.factor === 1 || literalBeside(words, i) !== undefined
      ? name
      : `(${name} * ${real(spelling.factor)})`;
  }
  if (word.suffix) return real(word.value * SUFFIXES[word.suffix]!.factor);
  const beside = nameBeside(words, i, spellings);
  return real(beside === undefined ? word.value : word.value / beside.factor);
}

/** In CEL a number without a point is whole, and whole numbers do not mix with others. */
function real(value: number): string {
  const text = String(Number(value.toPrecision(12)));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const isComparison = (word: Word | undefined): boolean => word?.kind === 'sign' && COMPARISONS.has(word.text);
const ends = (word: Word | undefined): boolean =>
  word === undefined ||
  (word.kind === 'sign' &&
    (word.text === '&&' || word.text === '||' || word.text === '(' || word.text === ')' || word.text === '!'));

/** `name > 5` and `5 < name`, and nothing more on either side: the place of the other, if so. */
function beside(words: readonly Word[], i: number): number | undefined {
  if (isComparison(words[i + 1]) && ends(words[i - 1]) && ends(words[i + 3])) return i + 2;
  if (isComparison(words[i - 1]) && ends(words[i + 1]) && ends(words[i - 3])) return i - 2;
  return undefined;
}

function literalBeside(words: readonly Word[], i: number): number | undefined {
  const other = beside(words, i);
  return other !== undefined && words[other]?.kind === 'number' ? other : undefined;
}

function nameBeside(words: readonly Word[], i: number, spellings: ReadonlyMap<Word, Spelling>): Spelling | undefined {
  const other = beside(words, i);
  const word = other === undefined ? undefined : words[other];
  return word && spellings.get(word);
}

function checkUnits(words: readonly Word[], spellings: ReadonlyMap<Word, Spelling>): void {
  words.forEach((word, i) => {
    const spelling = spellings.get(word);
    const at = spelling && beside(words, i);
    const other = at === undefined ? undefined : words[at];
    if (!spelling || !other) return;
    const { series, factor } = spelling;
    if (other.kind === 'number') checkNumber(word.text, spelling, other);
    const second = spellings.get(other);
    if (second && (second.series.unit !== series.unit || second.factor !== factor))
      throw new ConditionProblem(
        `"${word.text}" is in ${unitOf(spelling)} and "${other.text}" in ${unitOf(second)}: they cannot be compared.`,
      );
  });
}

function checkNumber(
  name: string,
  spelling: Spelling,
  { value, suffix, text }: Extract<Word, { kind: 'number' }>,
): void {
  const { series, factor } = spelling;
  const unit = SUFFIXES[suffix]?.unit;
  if (unit !== undefined && unit !== series.unit)
    throw new ConditionProblem(`"${name}" is in ${unitOf(spelling)}; ${text} is in another unit.`);
  const base = suffix ? value * SUFFIXES[suffix]!.factor : value / factor;
  if (series.unit === 'ratio' && base > 1)
    throw new ConditionProblem(
      `"${name}" is in ${unitOf(spelling)}, so it never reaches ${text}: write ${factor === 100 ? 'at most 100' : `${value / 100}, or ${value}%`}.`,
    );
}

function unitOf({ series, factor }: Spelling): string {
  if (series.unit === 'ratio') return factor === 100 ? 'percent (0 to 100)' : 'a ratio from 0 to 1';
  if (series.unit === 'seconds') return factor === 1000 ? 'milliseconds' : factor === 1 ? 'seconds' : 'minutes';
  if (series.unit === 'bytes') return factor === 1 ? 'bytes' : 'MiB';
  return { count: 'a count', per_second: 'a rate per second', state: 'a state, 0 or 1' }[series.unit];
}

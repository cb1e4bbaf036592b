/** Cuts a condition into words. Nothing else of the text is ever interpreted. */

export type Word =
  | { readonly kind: 'name'; readonly text: string; readonly at: number }
  | {
      readonly kind: 'number';
      readonly value: number;
      readonly suffix: string;
      readonly text: string;
      readonly at: number;
    }
  | { readonly kind: 'sign'; readonly text: string; readonly at: number };

/** A condition that cannot be read: what is wrong, where, and what to write. */
export class ConditionProblem extends Error {
  override readonly name = 'ConditionProblem';
}

const SPACE = /\s*/y;
const NUMBER = /(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(%|ms|[smhdw]|[kKMG]i?B|B)?(?![\w.])/y;
const NAME = /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/y;
const SIGN = /&&|\|\||[<>=!]=|[<>=!()+\-*/]/y;
/** Words that mean a sign. */
const SPELLED: Readonly<Record<string, string>> = { AND: '&&', OR: '||', NOT: '!' };

export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  const take = (pattern: RegExp, from: number): RegExpExecArray | null => {
    pattern.lastIndex = from;
    return pattern.exec(text);
  };
  let at = take(SPACE, 0)![0].length;
  while (at < text.length) {
    const number = take(NUMBER, at);
    const found = number ?? take(NAME, at) ?? take(SIGN, at);
    if (!found) throw new ConditionProblem(`"${text.slice(at, at + 12)}" at position ${at + 1} means nothing here.`);
    words.push(number ? numberOf(number, at) : wordOf(found[0], at));
    at += found[0].length;
    at += take(SPACE, at)![0].length;
  }
  return words;
}

function numberOf([text, digits, suffix = '']: RegExpExecArray, at: number): Word {
  return { kind: 'number', value: Number(digits), suffix, text, at };
}

function wordOf(text: string, at: number): Word {
  const spelled = SPELLED[text.toUpperCase()];
  if (spelled) return { kind: 'sign', text: spelled, at };
  if (text === '=') return { kind: 'sign', text: '==', at };
  return { kind: /^[A-Za-z_]/.test(text) ? 'name' : 'sign', text, at };
}

import { Html, html, join } from './html-text.js';
import { type DiffLine, lineDiff } from './line-diff.js';

/** Most lines of one diff on the page. */
const MAX_SHOWN = 200;
/** Longer blocks are not compared line with line. */
const MAX_PAIRS = 20;

/** What was expected and what came, line by line; where one line became another, the changed part is marked. */
export function diffBlock(expected: string, actual: string): Html {
  const lines = lineDiff(expected, actual);
  const shown = lines.slice(0, MAX_SHOWN);
  const rest = lines.length - shown.length;
  return html`<figure class="diff"><figcaption><span class="del">− expected</span> <span class="ins">+ actual</span></figcaption><pre>${join(diffLines(shown), '\n')}${
    rest > 0 && html`\n<span class="gap">… ${rest} more lines</span>`
  }</pre></figure>`;
}

const diffLines = (lines: readonly DiffLine[]): Html[] => lines.map((line, i) => diffLine(line, lines, i));

function diffLine(line: DiffLine, lines: readonly DiffLine[], i: number): Html {
  switch (line.kind) {
    case 'same':
      return html`<span class="same">  ${line.text}</span>`;
    case 'gap':
      return html`<span class="gap">  ⋯ ${line.text} equal lines</span>`;
    case 'expected':
      return html`<del>− ${inner(line.text, partner(lines, i))}</del>`;
    case 'actual':
      return html`<ins>+ ${inner(line.text, partner(lines, i))}</ins>`;
  }
}

/** The line a changed line turned into: as many lines removed as added in one place are taken pair by pair. */
function partner(lines: readonly DiffLine[], i: number): string | undefined {
  const kindAt = (at: number): string | undefined => lines[at]?.kind;
  let from = i;
  while (kindAt(from - 1) === 'expected' || kindAt(from - 1) === 'actual') from--;
  let middle = from;
  while (kindAt(middle) === 'expected') middle++;
  let end = middle;
  while (kindAt(end) === 'actual') end++;
  const size = middle - from;
  if (size !== end - middle || size > MAX_PAIRS || kindAt(end) === 'expected') return undefined;
  return lines[i < middle ? i + size : i - size]?.text;
}

function inner(text: string, other: string | undefined): Html {
  if (other === undefined) return html`${text}`;
  const [head, tail] = commonEnds(text, other);
  const changed = text.slice(head, text.length - tail);
  if (head + tail === 0 || changed === '') return html`${text}`;
  return html`${text.slice(0, head)}<mark>${changed}</mark>${text.slice(text.length - tail)}`;
}

function commonEnds(a: string, b: string): [number, number] {
  const max = Math.min(a.length, b.length);
  let head = 0;
  while (head < max && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < max - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return [wholeHead(a, head), tail > 0 && lowSurrogate(a, a.length - tail) ? tail - 1 : tail];
}

/** A cut must not fall between the halves of a character outside the basic plane. */
const wholeHead = (text: string, at: number): number => (at > 0 && lowSurrogate(text, at) ? at - 1 : at);

const lowSurrogate = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

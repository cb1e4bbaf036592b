/** Line diff of expected and actual values: Myers' shortest edit script with bounds, so that no input makes it slow. */

export interface DiffLine {
  readonly kind: 'same' | 'expected' | 'actual' | 'gap';
  /** For `gap` the number of equal lines left out. */
  readonly text: string;
}

/** Longer values are cut to so many lines before they are compared. */
const MAX_LINES = 2000;
/** More differences than this and the middle is shown as one replaced block. */
const MAX_EDITS = 400;
/** Equal lines kept around a difference. */
const CONTEXT = 3;

export function lineDiff(expected: string, actual: string): DiffLine[] {
  const a = toLines(expected, 'expected');
  const b = toLines(actual, 'actual');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: 'same', text }));
  return collapse([
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ]);
}

/** The last line of a cut value names its side, so that it never counts as equal. */
function toLines(text: string, side: string): string[] {
  const lines = text.split('\n');
  if (lines.length <= MAX_LINES) return lines;
  return [
    ...lines.slice(0, MAX_LINES),
    `… ${lines.length - MAX_LINES} more lines of the ${side} value are not compared …`,
  ];
}

/** Differences of two texts that share neither their first nor their last line. */
function middle(a: readonly string[], b: readonly string[]): DiffLine[] {
  const trace = a.length > 0 && b.length > 0 ? shortestEdit(a, b) : undefined;
  if (trace) return backtrack(trace, a, b);
  return [
    ...a.map((text): DiffLine => ({ kind: 'expected', text })),
    ...b.map((text): DiffLine => ({ kind: 'actual', text })),
  ];
}

/**
 * The furthest x reached on each diagonal k, after each number of edits; entry d holds diagonals -d … d at index k + d.
 * Undefined when more than MAX_EDITS edits are needed.
 */
function shortestEdit(a: readonly string[], b: readonly string[]): Int32Array[] | undefined {
  const trace: Int32Array[] = [];
  const limit = Math.min(a.length + b.length, MAX_EDITS);
  for (let d = 0; d <= limit; d++) {
    const row = new Int32Array(2 * d + 1);
    for (let k = -d; k <= d; k += 2) {
      let x = d === 0 ? 0 : cameDown(trace, d, k) ? reached(trace, d - 1, k + 1) : reached(trace, d - 1, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      row[k + d] = x;
      if (x >= a.length && x - k >= b.length) {
        trace.push(row);
        return trace;
      }
    }
    trace.push(row);
  }
  return undefined;
}

const reached = (trace: readonly Int32Array[], d: number, k: number): number => trace[d]?.[k + d] ?? -1;

/** Whether the d-th edit on diagonal k took a line of `b` (from k + 1) rather than one of `a` (from k - 1). */
const cameDown = (trace: readonly Int32Array[], d: number, k: number): boolean =>
  k === -d || (k !== d && reached(trace, d - 1, k - 1) < reached(trace, d - 1, k + 1));

function backtrack(trace: readonly Int32Array[], a: readonly string[], b: readonly string[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const k = x - y;
    const down = d > 0 && cameDown(trace, d, k);
    const fromX = d === 0 ? 0 : down ? reached(trace, d - 1, k + 1) : reached(trace, d - 1, k - 1);
    const startX = d === 0 ? 0 : down ? fromX : fromX + 1;
    while (x > startX) {
      lines.push({ kind: 'same', text: a[--x] ?? '' });
      y--;
    }
    if (d > 0 && down) lines.push({ kind: 'actual', text: b[--y] ?? '' });
    else if (d > 0) lines.push({ kind: 'expected', text: a[--x] ?? '' });
  }
  return lines.reverse();
}

/** Replaces long stretches of equal lines by a gap. */
function collapse(lines: readonly DiffLine[]): DiffLine[] {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    if (line.kind !== 'same') near.fill(1, Math.max(0, i - CONTEXT), Math.min(lines.length, i + CONTEXT + 1));
  });
  const result: DiffLine[] = [];
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!;
    let end = i;
    while (end < lines.length && near[end] === 0) end++;
    if (end - i > 1) result.push({ kind: 'gap', text: String(end - i) });
    else result.push(line);
    i = end - i > 1 ? end : i + 1;
  }
  return result;
}

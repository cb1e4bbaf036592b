/**
 * Unified diffs, read strictly: changes of existing text files and nothing else. No mode, link, rename, copy, creation,
 * deletion or binary part is understood, so none can slip through; numbers in hunk headers must agree with the lines.
 */
export interface Hunk {
  /** Line of the old text, from 1; 0 where an empty file begins. */
  readonly oldStart: number;
  readonly lines: readonly DiffLine[];
}

export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
  /** The line has no line end, which only a last line may lack. */
  readonly bare?: true;
}

export interface FileDiff {
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

/** Why a text is no diff we apply. */
export class DiffRefused extends Error {
  override readonly name = 'DiffRefused';
}

const HUNK = /^@@ -(\d{1,7})(?:,(\d{1,7}))? \+(\d{1,7})(?:,(\d{1,7}))? @@(?: .*)?$/;
const INDEX = /^index [0-9a-f]{4,64}\.\.[0-9a-f]{4,64}(?: 100644)?$/;

export function parseDiff(text: string): FileDiff[] {
  const reader = new Reader(text.replace(/\n$/, '').split('\n'));
  const files: FileDiff[] = [];
  while (!reader.done) files.push(readFile(reader));
  if (files.length === 0) throw new DiffRefused('The patch changes no file.');
  const paths = files.map((file) => file.path);
  if (new Set(paths).size < paths.length) throw new DiffRefused('The patch names a file twice.');
  return files;
}

class Reader {
  at = 0;
  constructor(private readonly lines: readonly string[]) {}
  get done(): boolean {
    return this.at >= this.lines.length || (this.lines.length === 1 && this.lines[0] === '');
  }
  get line(): string | undefined {
    return this.lines[this.at];
  }
  take(): string {
    return this.lines[this.at++] ?? '';
  }
}

function readFile(reader: Reader): FileDiff {
  let announced: string | undefined;
  if (reader.line?.startsWith('diff --git ')) {
    announced = bothPaths(reader.take());
    if (reader.line?.startsWith('index ')) {
      const line = reader.take();
      if (!INDEX.test(line)) throw new DiffRefused(`The patch says something about a file's mode: ${shown(line)}.`);
    }
  }
  const path = side(reader.take(), '--- a/');
  if (side(reader.take(), '+++ b/') !== path) throw new DiffRefused('The patch renames a file.');
  if (announced !== undefined && announced !== path) throw new DiffRefused('The patch names two files at once.');
  const hunks: Hunk[] = [];
  while (reader.line?.startsWith('@@ ')) hunks.push(readHunk(reader));
  if (hunks.length === 0) throw new DiffRefused(`The patch changes nothing in ${shown(path)}.`);
  return { path, hunks };
}

function bothPaths(line: string): string {
  const both = /^diff --git a\/(.+) b\/(.+)$/.exec(line);
  if (!both || both[1] !== both[2]) throw new DiffRefused('The patch renames a file, or its paths cannot be read.');
  return both[1]!;
}

function side(line: string, prefix: string): string {
  if (line.startsWith(prefix) && line.length > prefix.length && !line.includes('\t')) return line.slice(prefix.length);
  if (/^(?:---|\+\+\+) \/dev\/null/.test(line)) throw new DiffRefused('The patch creates or deletes a file.');
  throw new DiffRefused(`Expected a line that begins with "${prefix}", found ${shown(line)}.`);
}

function readHunk(reader: Reader): Hunk {
  const header = HUNK.exec(reader.take());
  if (!header) throw new DiffRefused('A hunk has a header that cannot be read.');
  let old = header[2] === undefined ? 1 : Number(header[2]);
  let fresh = header[4] === undefined ? 1 : Number(header[4]);
  const lines: DiffLine[] = [];
  while (old > 0 || fresh > 0) {
    if (reader.done) throw new DiffRefused('A hunk ends too early.');
    const line = readLine(reader);
    if (line.kind !== 'added') old--;
    if (line.kind !== 'removed') fresh--;
    if (old < 0 || fresh < 0) throw new DiffRefused('A hunk has more lines than its header says.');
    lines.push(line);
  }
  if (!lines.some((line) => line.kind !== 'same')) throw new DiffRefused('A hunk changes nothing.');
  return { oldStart: Number(header[1]), lines };
}

function readLine(reader: Reader): DiffLine {
  const line = reader.take();
  const kind = KINDS[line[0] ?? ''];
  if (!kind) throw new DiffRefused(`A line of a hunk begins with none of " ", "-", "+": ${shown(line)}.`);
  const bare = reader.line === '\\ No newline at end of file';
  if (bare) reader.take();
  return { kind, text: line.slice(1), ...(bare ? { bare: true as const } : {}) };
}

const KINDS: Readonly<Record<string, DiffLine['kind']>> = { ' ': 'same', '-': 'removed', '+': 'added' };

const shown = (text: string): string => JSON.stringify(text.slice(0, 80));

/** The text after the change. Every line of the old text must be exactly where the diff says: there is no fuzz. */
export function applyDiff(text: string, { path, hunks }: FileDiff): string {
  const ended = text.endsWith('\n');
  const old = text === '' ? [] : (ended ? text.slice(0, -1) : text).split('\n');
  const fresh: string[] = [];
  let at = 0;
  let bare = !ended;
  for (const { oldStart, lines } of hunks) {
    const start = Math.max(0, oldStart - 1);
    if (start < at) throw new DiffRefused('Hunks overlap or stand in the wrong order.');
    fresh.push(...old.slice(at, start));
    at = start;
    for (const line of lines) {
      if (line.kind !== 'added' && old[at] !== line.text)
        throw new DiffRefused(`Line ${at + 1} of ${shown(path)} is not what the patch says.`);
      if (line.kind !== 'removed') {
        fresh.push(line.text);
        bare = line.bare === true;
      }
      if (line.kind !== 'added') at++;
    }
    if (at < old.length) bare = !ended;
  }
  fresh.push(...old.slice(at));
  return fresh.length === 0 ? '' : fresh.join('\n') + (bare ? '' : '\n');
}

const CONTEXT = 3;

/** A diff of one file with a single hunk around everything that differs. Undefined when nothing does. */
export function makeDiff(path: string, before: string, after: string): string | undefined {
  if (before === after) return undefined;
  const old = linesOf(before);
  const fresh = linesOf(after);
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < fresh.length - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++;
  const from = Math.max(0, head - CONTEXT);
  const oldEnd = Math.min(old.length, old.length - tail + CONTEXT);
  const freshEnd = Math.min(fresh.length, fresh.length - tail + CONTEXT);
  const body = [
    ...old.slice(from, head).map((line) => marked(' ', line)),
    ...old.slice(head, old.length - tail).map((line) => marked('-', line)),
    ...fresh.slice(head, fresh.length - tail).map((line) => marked('+', line)),
    ...old.slice(old.length - tail, oldEnd).map((line) => marked(' ', line)),
  ];
  const place = (start: number, count: number): string => `${count === 0 ? start : start + 1},${count}`;
  const header = `@@ -${place(from, oldEnd - from)} +${place(from, freshEnd - from)} @@`;
  return `--- a/${path}\n+++ b/${path}\n${header}\n${body.join('\n')}\n`;
}

/** Lines with their line ends. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const marked = (sign: string, line: string): string =>
  line.endsWith('\n') ? `${sign}${line.slice(0, -1)}` : `${sign}${line}\n\\ No newline at end of file`;

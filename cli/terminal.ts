/** Where a command writes, and how: colours and redrawing only where a person watches. */
import { plainText } from '../domain/clip.js';

export interface Out {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Terminal {
  readonly stdout: Out;
  readonly stderr: Out;
  readonly colours: boolean;
}

export type Paint = (text: string) => string;
export interface Palette {
  readonly green: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

const plain: Paint = (text) => text;
const code =
  (open: number, close: number): Paint =>
  (text) =>
    `\u001b[${open}m${text}\u001b[${close}m`;

export function palette(colours: boolean): Palette {
  if (!colours) return { green: plain, red: plain, yellow: plain, dim: plain, bold: plain };
  return { green: code(32, 39), red: code(31, 39), yellow: code(33, 39), dim: code(2, 22), bold: code(1, 22) };
}

/** Colours need a terminal, and nobody who said no: `--no-color`, NO_COLOR, TERM=dumb. */
export function wantsColours(stream: Out, flag: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return flag && stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Columns of equal width, two spaces between; the last one runs free. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, index) => Math.max(all[index] ?? 0, width(cell))),
    [],
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is looked for
const width = (text: string): number => text.replace(/\u001b\[[0-9;]*m/g, '').length;

/** Text from tests, safe on a terminal and on one line. */
export function oneLine(text: string, maxChars: number): string {
  const clean = plainText(text).replace(/\s+/g, ' ').trim();
  return clean.length > maxChars ? `${clean.slice(0, maxChars - 1)}…` : clean;
}

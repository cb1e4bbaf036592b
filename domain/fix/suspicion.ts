/**
 * Where a fault is likely to be: Ochiai over what each test ran. A place that all failing tests run and no passing one
 * has 1, a place that no failing test runs has 0. Where there is no coverage, the frames of the failures speak.
 */
import { covers, type Segments } from './coverage.js';

/** What one test, or one file of tests, ran. */
export interface Spectrum {
  readonly failed: boolean;
  /** By path relative to the repository. */
  readonly files: ReadonlyMap<string, Segments>;
}

export interface Suspicion {
  readonly how: 'coverage' | 'frames';
  /** Most suspicious first. */
  readonly files: readonly string[];
  /** 0 to 1, for a position in the text of the file. */
  at(path: string, offset: number): number;
}

export const ochiai = (failedHere: number, failedAll: number, passedHere: number): number =>
  failedHere === 0 ? 0 : failedHere / Math.sqrt(failedAll * (failedHere + passedHere));

export function fromCoverage(spectra: readonly Spectrum[]): Suspicion | undefined {
  const failed = spectra.filter((each) => each.failed);
  const passed = spectra.filter((each) => !each.failed);
  const paths = [...new Set(failed.flatMap((each) => [...each.files.keys()]))];
  if (paths.length === 0) return undefined;
  const here = (of: readonly Spectrum[], path: string, offset: number): number =>
    of.reduce((sum, { files }) => sum + (covers(files.get(path) ?? [], offset) ? 1 : 0), 0);
  const at = (path: string, offset: number): number =>
    ochiai(here(failed, path, offset), failed.length, here(passed, path, offset));
  const most = (path: string): number =>
    Math.max(0, ...failed.flatMap((each) => (each.files.get(path) ?? []).map(([start]) => at(path, start))));
  const by = new Map(paths.map((path) => [path, most(path)]));
  return { how: 'coverage', files: paths.sort((a, b) => by.get(b)! - by.get(a)! || (a < b ? -1 : 1)), at };
}

export interface Frame {
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

/** Half as suspicious every ten lines away from the nearest frame; files without a frame are only known by name. */
export function fromFrames(frames: readonly Frame[], files: ReadonlyMap<string, string>): Suspicion {
  const lines = new Map<string, readonly number[]>();
  for (const [path, text] of files) lines.set(path, lineStarts(text));
  const at = (path: string, offset: number): number => {
    const line = lineAt(lines.get(path) ?? [0], offset);
    const near = frames.filter((frame) => frame.path === path).map((frame) => Math.abs(frame.line - line));
    return near.length === 0 ? 0.1 : Math.max(0.1, 2 ** (-Math.min(...near) / 10));
  };
  const first = (path: string): number => {
    const i = frames.findIndex((frame) => frame.path === path);
    return i < 0 ? Number.POSITIVE_INFINITY : i;
  };
  return { how: 'frames', files: [...files.keys()].sort((a, b) => first(a) - first(b) || (a < b ? -1 : 1)), at };
}

export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}

/** Line of an offset, from 1. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

const FRAME = /(?:\(|\s|^)(?:file:\/\/)?(\/[^\s():]{1,1000}|[\w.][^\s():]{0,1000}):(\d{1,7})(?::\d{1,7})?\)?\s*$/;

/** Frames of the project itself, innermost first, at most 50. `root` is the absolute directory the paths are under. */
export function framesOf(stack: string, root: string): Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.slice(0, 20_000).split('\n')) {
    const match = FRAME.exec(line.slice(-1100));
    if (!match) continue;
    const path = match[1]!.startsWith(`${root}/`) ? match[1]!.slice(root.length + 1) : match[1]!;
    if (path.startsWith('/') || path.includes('node_modules/') || path.startsWith('node:')) continue;
    frames.push({ path: path.replace(/^\.\//, ''), line: Number(match[2]) });
    if (frames.length >= 50) break;
  }
  return frames;
}

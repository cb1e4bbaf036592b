/**
 * Segments one after the other, each on a stack of its own, with the next seed and the next mix of faults, until there are
 * enough kills, segments or minutes. Each is appended to the file of segments and summed up at once, so that a series that
 * is ended early has lost nothing but the segment it was in.
 */
import { writeFileSync } from 'node:fs';
import { MIX_NAMES, type Mix } from './mixes.js';
import { append, readSegments, table } from './report.js';
import type { SegmentResult } from './segment.js';

export interface SeriesOptions {
  readonly firstSeed: number;
  readonly segments: number;
  /** Kills in the file after which it ends. */
  readonly untilKills: number;
  readonly endsAt: number;
  /** Always the same one, or one after the other. */
  readonly mix: Mix | undefined;
  /** One JSON line each. */
  readonly file: string;
  /** The running total, as a table. */
  readonly totalFile: string;
  readonly run: (seed: number, mix: Mix) => Promise<SegmentResult>;
  readonly done: (result: SegmentResult) => void;
  readonly say: (line: string) => void;
}

/** How many segments had a finding or could not be run to their end. */
export async function runSeries(options: SeriesOptions): Promise<number> {
  const { firstSeed, segments, file, say } = options;
  let bad = 0;
  for (let n = 0; n < segments && Date.now() < options.endsAt && killsIn(file) < options.untilKills; n++) {
    const seed = firstSeed + n;
    const mix = options.mix ?? MIX_NAMES[seed % MIX_NAMES.length]!;
    say(`segment ${n + 1}: seed ${seed}, mix ${mix}, ${killsIn(file)} kills so far`);
    try {
      const result = await options.run(seed, mix);
      append(file, result);
      writeFileSync(options.totalFile, table(readSegments(file)));
      options.done(result);
      if (result.findings.length > 0) bad++;
    } catch (error) {
      bad++;
      say(`seed ${seed}, mix ${mix}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  return bad;
}

const killsIn = (file: string): number => readSegments(file).reduce((sum, { kills }) => sum + kills, 0);

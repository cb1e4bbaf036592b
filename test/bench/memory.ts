/** Memory of processes over time: samples, a curve in text, and how fast it grows. */
import { readFileSync } from 'node:fs';

export interface Sample {
  /** Milliseconds since the first sample. */
  readonly atMs: number;
  readonly mb: number;
}

/** Resident memory in MiB, or undefined when the process is gone. */
export function residentMb(pid: number): number | undefined {
  try {
    const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}

const BARS = '▁▂▃▄▅▆▇█';

/** One character for each column, from zero to the largest value, so that a flat line looks flat. */
export function curve(samples: readonly Sample[], columns = 60): string {
  const top = Math.max(...samples.map((s) => s.mb), 1);
  const width = Math.min(columns, samples.length);
  return Array.from({ length: width }, (_, i) => {
    const part = samples.slice(
      Math.floor((i * samples.length) / width),
      Math.floor(((i + 1) * samples.length) / width),
    );
    const mean = part.reduce((sum, s) => sum + s.mb, 0) / part.length;
    return BARS[Math.min(BARS.length - 1, Math.floor((mean / top) * BARS.length))];
  }).join('');
}

/** Slope of the straight line through the samples after the warm-up, in MiB per hour. NaN with fewer than three. */
export function slopeMbPerHour(samples: readonly Sample[], warmUpMs: number): number {
  const warm = samples.filter((s) => s.atMs >= warmUpMs);
  if (warm.length < 3) return Number.NaN;
  const meanAt = warm.reduce((sum, s) => sum + s.atMs, 0) / warm.length;
  const meanMb = warm.reduce((sum, s) => sum + s.mb, 0) / warm.length;
  const along = warm.reduce((sum, s) => sum + (s.atMs - meanAt) ** 2, 0);
  const across = warm.reduce((sum, s) => sum + (s.atMs - meanAt) * (s.mb - meanMb), 0);
  return (across / along) * 3_600_000;
}

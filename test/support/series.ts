/** Series with known truth, made from a seed. */

/** A generator of numbers from 0 to 1 that is the same everywhere (mulberry32). */
export function random(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Injection {
  readonly kind: 'spike' | 'step' | 'drift';
  /** Point of its beginning, and how many it lasts. */
  readonly start: number;
  readonly length: number;
  /** In amplitudes of the series. */
  readonly size: number;
}

export interface Made {
  readonly shape: 'flat' | 'sine' | 'office' | 'square';
  readonly days: number;
  readonly seed: number;
  /** In amplitudes of the series. */
  readonly noise: number;
  readonly injection?: Injection;
}

const POINTS_OF_DAY = 288;

/** One value each five minutes, around 100 with an amplitude of 20. */
export function daily({ shape, days, seed, noise, injection }: Made): number[] {
  const next = random(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: days * POINTS_OF_DAY }, (_, i) => {
    const load = shapeOf(shape, i) + noise * normal() + (injection ? injected(injection, i) : 0);
    return 100 + 20 * load;
  });
}

function shapeOf(shape: Made['shape'], i: number): number {
  const hour = ((i % POINTS_OF_DAY) / POINTS_OF_DAY) * 24;
  const weekend = Math.floor(i / POINTS_OF_DAY) % 7 >= 5;
  if (shape === 'sine') return Math.sin((2 * Math.PI * hour) / 24);
  if (shape === 'square') return hour >= 8 && hour < 20 ? 1 : -1;
  if (shape === 'office') return (weekend ? 0.3 : 1) * Math.exp(-((hour - 13) ** 2) / 12) - 0.5;
  return 0;
}

function injected({ kind, start, length, size }: Injection, i: number): number {
  if (i < start || i >= start + length) return 0;
  return kind === 'drift' ? (size * (i - start)) / length : size;
}

/** Findings within the injection, or up to two hours after it, are right; one right one is enough. */
export function judged(
  findings: readonly { readonly index: number }[],
  { start, length }: Injection,
): { found: boolean; false: number } {
  const inside = findings.filter(({ index }) => index >= start && index < start + length + 24);
  return { found: inside.length > 0, false: findings.length - inside.length };
}

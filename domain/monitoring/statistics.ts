/** Robust statistics of numbers that are not sorted. All of them are `NaN` for no numbers. */

export const sorted = (values: Iterable<number>): number[] => [...Float64Array.from(values).sort()];

/** Of sorted numbers, between neighbours where it falls between them; `q` from 0 to 1. */
export function quantileOf(ascending: readonly number[], q: number): number {
  if (ascending.length === 0) return Number.NaN;
  const at = (ascending.length - 1) * Math.min(1, Math.max(0, q));
  const below = ascending[Math.floor(at)]!;
  return below + (ascending[Math.ceil(at)]! - below) * (at - Math.floor(at));
}

export const quantile = (values: Iterable<number>, q: number): number => quantileOf(sorted(values), q);
export const median = (values: Iterable<number>): number => quantile(values, 0.5);

/** Median distance from the median, scaled so that it estimates the standard deviation of a normal distribution. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}

/** The newest so many numbers. */
export class Recent {
  private readonly kept: number[] = [];
  private next = 0;
  constructor(readonly size: number) {}

  push(value: number): void {
    if (this.kept.length < this.size) this.kept.push(value);
    else {
      this.kept[this.next] = value;
      this.next = (this.next + 1) % this.size;
    }
  }

  get length(): number {
    return this.kept.length;
  }

  /** Oldest first. */
  values(): number[] {
    return [...this.kept.slice(this.next), ...this.kept.slice(0, this.next)];
  }

  last(count: number): number[] {
    const length = Math.min(count, this.kept.length);
    return Array.from({ length }, (_, i) => this.kept[(this.next + this.kept.length - length + i) % this.kept.length]!);
  }
}

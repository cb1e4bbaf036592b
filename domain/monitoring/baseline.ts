/** What a series should be now: by its last hours, by the time of day, or by the time of the week, whichever was nearest lately. */
import { median, Recent } from './statistics.js';

const HOUR_MS = 3_600_000;
const HOURS_OF_DAY = 24;
const HOURS_OF_WEEK = 168;
/** Values of one hour of the day, and of the week, that are remembered: at one each five minutes, three and a half days and a day and a half of them. */
const SLOT_VALUES = { day: 42, week: 18 } as const;
/** Fewer say nothing about the hour. */
const LEAST_VALUES = { day: 3, week: 2 } as const;
const RECENT_POINTS = 24;
/** By so many errors the three are compared. */
const ERRORS_KEPT = 2016;

export type Basis = 'recent' | 'day' | 'week';
const BASES: readonly Basis[] = ['recent', 'day', 'week'];

export type Expectations = { readonly [B in Basis]?: number };

export class Baseline {
  private readonly slots = { day: new Map<number, Recent>(), week: new Map<number, Recent>() };
  private readonly errors: Record<Basis, Recent> = {
    recent: new Recent(ERRORS_KEPT),
    day: new Recent(ERRORS_KEPT),
    week: new Recent(ERRORS_KEPT),
  };
  private readonly values = new Recent(ERRORS_KEPT);
  private least = Number.POSITIVE_INFINITY;
  private most = Number.NEGATIVE_INFINITY;
  /** Median distance of each basis from what came. */
  private distance: Record<Basis, number> = { recent: Number.POSITIVE_INFINITY, day: Infinity, week: Infinity };

  /** What the clock says, asked once an hour: what comes within the hour does not change it. */
  private hour = Number.NaN;
  private ofHour: Expectations = {};

  /** Nothing for the very first point. */
  expect(at: number): Expectations {
    if (this.values.length === 0) return {};
    const hour = Math.floor(at / HOUR_MS);
    if (hour !== this.hour) this.ofHour = this.ofClock(hour);
    this.hour = hour;
    return { recent: median(this.values.last(RECENT_POINTS)), ...this.ofHour };
  }

  private ofClock(hour: number): Expectations {
    // The hours beside it belong to it: load does not change on the stroke of the clock.
    const around = [-1, 0, 1].flatMap((d) => this.slotOf('day', hour + d)?.values() ?? []);
    const sameHour = this.slotOf('week', hour)?.values() ?? [];
    return {
      ...(around.length >= LEAST_VALUES.day ? { day: median(around) } : {}),
      ...(sameHour.length >= LEAST_VALUES.week ? { week: median(sameHour) } : {}),
    };
  }

  /** By the basis that was nearest lately; or by the week, where that explains the value better: a weekend is no anomaly. */
  expected(value: number, expectations: Expectations): number {
    const basis = BASES.reduce((best, each) =>
      expectations[each] !== undefined && this.distance[each] < this.distance[best] ? each : best,
    );
    return nearer(value, expectations[basis], expectations.week) ?? value;
  }

  /** By the clock alone; undefined while it has said nothing yet. */
  byClock(value: number, { day, week }: Expectations): number | undefined {
    return nearer(value, day, week);
  }

  /** What came, after it was judged. */
  learn(at: number, value: number, expectations: Expectations): void {
    for (const basis of BASES) {
      const expected = expectations[basis];
      if (expected !== undefined) this.errors[basis].push(Math.abs(value - expected));
    }
    this.values.push(value);
    this.least = Math.min(this.least, value);
    this.most = Math.max(this.most, value);
    const hour = Math.floor(at / HOUR_MS);
    this.remember('day', hour % HOURS_OF_DAY, value);
    this.remember('week', hour % HOURS_OF_WEEK, value);
  }

  /** Sorts what is remembered, so it is done now and then only. */
  refit(): void {
    for (const basis of BASES)
      if (this.errors[basis].length >= RECENT_POINTS) this.distance[basis] = median(this.errors[basis].values());
  }

  /** Whether it lies within everything that is remembered. */
  hasSeen(value: number): boolean {
    return value >= this.least && value <= this.most;
  }

  get past(): readonly number[] {
    return this.values.values();
  }

  /** Of the newest so many values. */
  middle(count: number): number {
    return median(this.values.last(count));
  }

  private slotOf(kind: 'day' | 'week', hour: number): Recent | undefined {
    const length = kind === 'day' ? HOURS_OF_DAY : HOURS_OF_WEEK;
    return this.slots[kind].get(((hour % length) + length) % length);
  }

  private remember(kind: 'day' | 'week', slot: number, value: number): void {
    const known = this.slots[kind].get(slot) ?? new Recent(SLOT_VALUES[kind]);
    known.push(value);
    this.slots[kind].set(slot, known);
  }
}

function nearer(value: number, a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.abs(value - a) <= Math.abs(value - b) ? a : b;
}

/**
 * Finds stretches of a series that its own past does not explain. Causal: a point is judged by what came before it.
 *
 * The distance of each point from what was expected, in robust deviations, gives three measures: the point itself (spike),
 * the median of half an hour (step), and the median of four hours against the time of day alone (drift). A measure must
 * exceed a fixed least value and, by a margin, nearly everything it has been before: a series that is wild by nature gets
 * wide limits. So false alarms have a budget, and load that merely follows the clock raises none once it has been seen.
 */
import { Baseline, type Expectations } from './baseline.js';
import { median, quantile, quantileOf, Recent, sorted, spread } from './statistics.js';

/** Grows whenever the same series may give other anomalies. */
export const DETECTOR_VERSION = 1;

export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

export const ANOMALY_KINDS = ['spike', 'step', 'drift'] as const;
export type AnomalyKind = (typeof ANOMALY_KINDS)[number];
type Measures = Record<AnomalyKind, number>;

export interface Finding {
  readonly kind: AnomalyKind;
  readonly at: number;
  readonly value: number;
  readonly expected: number;
  /** How many times its limit the measure is; above 1. */
  readonly score: number;
}

export interface DetectorOptions {
  /** Before so long nothing is judged; until twice as long only spikes are: one day does not yet show what days are like. */
  readonly warmUpMs: number;
  /** After an anomaly the same series is quiet for so long: it is one event. */
  readonly quietMs: number;
}

const DAY_MS = 86_400_000;
/** Before a week and a day have passed nobody knows what a weekend is like: only values never seen are judged. */
const WEEK_MS = 7 * DAY_MS;
export const DETECTOR_DEFAULTS: DetectorOptions = { warmUpMs: DAY_MS, quietMs: DAY_MS / 2 };

/** Points of the measures of a step and of a drift; at one each five minutes, half an hour and four hours. */
const STEP_POINTS = 6;
const DRIFT_POINTS = 48;
/** Of one day, at one each five minutes. */
const DAY_POINTS = 288;
const RESIDUALS_KEPT = 2016;
const MEASURES_KEPT = 4032;
const REFIT_EVERY = 24;
const LEAST_POINTS = 48;

/** In robust deviations. */
const LEAST: Measures = { spike: 8, step: 5, drift: 5 };
/** Share of a measure's own past that lies below its limit, and the margin above it. */
const TAIL = 0.9995;
const MARGIN = 1.1;
/** A deviation is at least this share of the range of the series, and of its size. */
const LEAST_OF_RANGE = 0.02;
const LEAST_OF_SIZE = 0.01;

export class Detector {
  private readonly baseline = new Baseline();
  private readonly residuals = new Recent(RESIDUALS_KEPT);
  private readonly slow = new Recent(RESIDUALS_KEPT);
  private readonly past: Record<AnomalyKind, Recent> = {
    spike: new Recent(MEASURES_KEPT),
    step: new Recent(MEASURES_KEPT),
    drift: new Recent(MEASURES_KEPT),
  };
  private limits: Measures = LEAST;
  private deviation = { near: 0, slow: 0 };
  private first: number | undefined;
  private count = 0;
  private nearness = 0;
  private quietUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: DetectorOptions = DETECTOR_DEFAULTS) {}

  /** Whether the newest point, and the last half an hour, are well within their limits. */
  get calm(): boolean {
    return this.nearness < 0.5;
  }

  /** Points must come in the order of time. A value that is no number is passed over. */
  push(point: Point): Finding | undefined {
    if (!Number.isFinite(point.value)) return undefined;
    this.first ??= point.at;
    const expectations = this.baseline.expect(point.at);
    const expected = this.baseline.expected(point.value, expectations);
    const measures = this.measure(point, expected, expectations);
    const finding = measures && this.judge(point, expected, measures);
    if (measures) {
      for (const kind of ANOMALY_KINDS) this.past[kind].push(measures[kind]);
      this.nearness = Math.max(measures.spike / this.limits.spike, measures.step / this.limits.step);
    }
    this.baseline.learn(point.at, point.value, expectations);
    this.count++;
    if (this.count % (this.count < DAY_POINTS ? REFIT_EVERY : 3 * REFIT_EVERY) === 0) this.refit(point.at);
    return finding;
  }

  private measure({ value }: Point, expected: number, expectations: Expectations): Measures | undefined {
    this.residuals.push(value - expected);
    const byClock = this.baseline.byClock(value, expectations);
    this.slow.push(this.count === 0 ? 0 : value - (byClock ?? this.baseline.middle(DAY_POINTS)));
    if (this.count < REFIT_EVERY) return undefined;
    const { near, slow } = this.deviation;
    return {
      spike: Math.abs(value - expected) / near,
      step: Math.abs(median(this.residuals.last(STEP_POINTS))) / near,
      drift: Math.abs(median(this.slow.last(DRIFT_POINTS))) / slow,
    };
  }

  private judge({ at, value }: Point, expected: number, measures: Measures): Finding | undefined {
    const age = at - this.first!;
    const { warmUpMs, quietMs } = this.options;
    if (age < warmUpMs || this.count < LEAST_POINTS || at < this.quietUntil) return undefined;
    const kinds: readonly AnomalyKind[] = age < 2 * warmUpMs ? ['spike'] : ANOMALY_KINDS;
    const over = kinds.map((kind) => ({ kind, score: measures[kind] / this.limits[kind] }));
    const worst = over.reduce((a, b) => (b.score > a.score ? b : a));
    if (worst.score <= 1) return undefined;
    if (age < WEEK_MS + DAY_MS && this.baseline.hasSeen(value)) return undefined;
    this.quietUntil = at + quietMs;
    return { ...worst, at, value, expected };
  }

  private refit(at: number): void {
    this.baseline.refit();
    const values = sorted(this.baseline.past);
    const range = quantileOf(values, 0.95) - quantileOf(values, 0.05);
    const least = Math.max(LEAST_OF_RANGE * range, LEAST_OF_SIZE * Math.abs(quantileOf(values, 0.5)), 1e-9);
    this.deviation = {
      near: Math.max(spread(this.residuals.values()), least),
      slow: Math.max(spread(this.slow.values()), least),
    };
    // A short past has seen little: its limits are wider, by a day of warm-up against its age.
    const youth = 1 + this.options.warmUpMs / Math.max(1, at - this.first!);
    const limit = (kind: AnomalyKind): number =>
      youth * Math.max(LEAST[kind], MARGIN * (quantile(this.past[kind].values(), TAIL) || 0));
    this.limits = { spike: limit('spike'), step: limit('step'), drift: limit('drift') };
  }
}

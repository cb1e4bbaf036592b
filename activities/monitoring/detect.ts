/**
 * Judges what has come since the last time. Detectors live in this process and are made again from the stored means when it
 * starts, so that a firing costs one mean of each series; until when a series has been judged is in the store, so that
 * nothing is found twice.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { DETECTOR_VERSION, Detector, type DetectorOptions } from '../../domain/monitoring/anomaly.js';
import type { MonitoringStore, NewAnomaly } from '../../domain/monitoring/ports.js';

/** Three weeks show what weeks are like. */
const HISTORY_MS = 21 * 86_400_000;
const BREATHE_EVERY = 200;
/** An anomaly that goes on for so long is how things are now. */
const LONGEST_MS = 86_400_000;

interface Known {
  readonly detector: Detector;
  readonly options: string;
  upTo: number;
}

export interface Judged {
  readonly judged: ReadonlyMap<string, number>;
  readonly found: readonly NewAnomaly[];
  /** Series whose newest mean is as expected. */
  readonly calm: ReadonlySet<string>;
}

export class Detectors {
  private readonly known = new Map<string, Known>();

  constructor(private readonly store: Pick<MonitoringStore, 'means' | 'judged'>) {}

  /** `beat` is called now and then while it goes on. */
  async judge(series: readonly string[], options: DetectorOptions, now: number, beat: () => void): Promise<Judged> {
    const before = await this.store.judged();
    const judged = new Map<string, number>();
    const found: NewAnomaly[] = [];
    const calm = new Set<string>();
    for (const name of series) {
      const known = this.detectorOf(name, options, now);
      let count = 0;
      for (const point of await this.store.means(name, known.upTo, now)) {
        const finding = known.detector.push(point);
        known.upTo = point.at;
        // What was judged before was found before; a series that is new here has no past that anybody waits for.
        const since = before.get(name) ?? now - 2 * 300_000;
        if (finding && point.at > since) found.push({ ...finding, series: name, detector: DETECTOR_VERSION });
        judged.set(name, point.at);
        if (++count % BREATHE_EVERY === 0) {
          beat();
          await breathe();
        }
      }
      if (known.detector.calm) calm.add(name);
    }
    return { judged, found, calm };
  }

  /** Forgets what has not been stored: the next firing judges it again. */
  reset(): void {
    this.known.clear();
  }

  private detectorOf(name: string, options: DetectorOptions, now: number): Known {
    const key = JSON.stringify(options);
    const known = this.known.get(name);
    if (known?.options === key) return known;
    const fresh: Known = { detector: new Detector(options), options: key, upTo: now - HISTORY_MS };
    this.known.set(name, fresh);
    return fresh;
  }
}

/** Anomalies that are over: their series is calm again, is no longer judged, or has been so for a day. */
export function overOf(
  open: readonly { readonly id: string; readonly series: string; readonly at: string }[],
  { judged, calm }: Judged,
  series: readonly string[],
  now: number,
): string[] {
  const isOver = ({ series: name, at }: (typeof open)[number]): boolean =>
    !series.includes(name) ||
    now - Date.parse(at) > LONGEST_MS ||
    (calm.has(name) && (judged.get(name) ?? 0) > Date.parse(at));
  return open.filter(isOver).map(({ id }) => id);
}

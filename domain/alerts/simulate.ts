/** What rules would have done on recorded series: the same evaluator, with the recorded times as its clock. */
import type { Catalogue } from '../monitoring/catalogue.js';
import type { Alert } from './alert.schema.js';
import { ConditionProblem } from './condition.js';
import { LOOKBACK_MS, look } from './evaluate.js';
import type { ReadyRule } from './rules.js';

/** Recorded points by series, in the unit of the series and the order of time. */
export type Recording = ReadonlyMap<string, readonly { readonly at: number; readonly value: number }[]>;

export interface Fired {
  readonly rule: string;
  readonly severity: string;
  readonly since: string;
  readonly firedAt: string;
  /** Null: it still fired when the recording ended. */
  readonly resolvedAt: string | null;
  readonly values: Readonly<Record<string, number>>;
}

/** Names of a recording as people spell them, brought to series and their units. Throws `ConditionProblem`. */
export function recordingOf(
  columns: ReadonlyMap<string, readonly { readonly at: number; readonly value: number }[]>,
  catalogue: Catalogue,
): Recording {
  const recording = new Map<string, { at: number; value: number }[]>();
  for (const [name, points] of columns) {
    const spelling = catalogue.resolve(name);
    if (!spelling) {
      const meant = catalogue.suggest(name);
      throw new ConditionProblem(
        `The recording names a series "${name}" that there is not${meant ? `; did you mean "${meant}"?` : '.'}`,
      );
    }
    const inUnits = points.map(({ at, value }) => ({ at, value: value / spelling.factor }));
    recording.set(
      spelling.series.name,
      inUnits.sort((a, b) => a.at - b.at),
    );
  }
  return recording;
}

export function simulate(rules: readonly ReadyRule[], recording: Recording): Fired[] {
  const times = [...new Set([...recording.values()].flatMap((points) => points.map((p) => p.at)))].sort(
    (a, b) => a - b,
  );
  const done: Alert[] = [];
  let open: Alert[] = [];
  let count = 0;
  let before: number | undefined;
  const cursor = new Map<string, number>();
  for (const at of times) {
    const values = valuesAt(recording, cursor, at);
    const looked = look({ at, before, rules, open, silences: [], values, newId: () => `alert_${++count}` });
    const changed = new Map(looked.changed.map((alert) => [alert.id, alert]));
    const gone = new Set(looked.dropped);
    const all = [
      ...open.map((a) => changed.get(a.id) ?? a),
      ...looked.changed.filter((a) => !open.some((o) => o.id === a.id)),
    ];
    done.push(...all.filter((a) => a.state === 'resolved'));
    open = all.filter((a) => a.state !== 'resolved' && !gone.has(a.id));
    before = at;
  }
  return [...done, ...open]
    .filter((alert) => alert.firedAt !== null)
    .map(({ rule, severity, since, firedAt, resolvedAt, values }) => ({
      rule,
      severity,
      since,
      firedAt: firedAt!,
      resolvedAt,
      values,
    }))
    .sort((a, b) => a.firedAt.localeCompare(b.firedAt));
}

function valuesAt(recording: Recording, cursor: Map<string, number>, at: number): Map<string, number> {
  const values = new Map<string, number>();
  for (const [name, points] of recording) {
    let i = cursor.get(name) ?? -1;
    while (i + 1 < points.length && points[i + 1]!.at <= at) i++;
    cursor.set(name, i);
    const point = points[i];
    if (point && at - point.at <= LOOKBACK_MS) values.set(name, point.value);
  }
  return values;
}

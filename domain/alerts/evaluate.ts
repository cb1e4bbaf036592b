/**
 * One look at every rule. Of each rule at most one alert is open:
 *
 *   (none) ──holds──▶ pending ──held for `forMs`──▶ firing ──holds no more──▶ resolved
 *                        └──holds no more, or nobody looked for a while──▶ (none)
 *
 * A condition whose series have no value is neither true nor false: a pending alert ends, a firing one stays, so that a
 * source that is away is never told as a recovery. Who is told follows from the state alone: a firing alert that nobody was
 * told of is told, unless it is silenced; one that was told and resolves is told once more.
 */
import type { Notice } from '../notice.js';
import type { Alert, Silence } from './alert.schema.js';
import { alertNotices } from './notices.js';
import type { ReadyRule } from './rules.js';

/** A value counts for so long, and a pending alert survives a pause of so long. */
export const LOOKBACK_MS = 300_000;

export interface Look {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** When the look before was; undefined for the first one. */
  readonly before: number | undefined;
  readonly rules: readonly ReadyRule[];
  /** Pending and firing alerts. */
  readonly open: readonly Alert[];
  readonly silences: readonly Silence[];
  /** Newest value of each series that has one within `LOOKBACK_MS`. */
  readonly values: ReadonlyMap<string, number>;
  newId(): string;
}

export interface Looked {
  /** Alerts that are new or not as they were. */
  readonly changed: readonly Alert[];
  /** Pending ones that came to nothing. */
  readonly dropped: readonly string[];
  readonly notices: readonly Notice[];
}

export function look(given: Look): Looked {
  const known = new Map(given.open.map((alert) => [alert.rule, alert]));
  const after: Alert[] = [];
  const dropped: string[] = [];
  for (const ready of given.rules) {
    const alert = known.get(ready.rule.name);
    known.delete(ready.rule.name);
    const next = ready.rule.enabled ? stepOf(ready, alert, given) : alert && ended(alert, given.at);
    if (next) after.push(next);
    else if (alert) dropped.push(alert.id);
  }
  // The rule is gone: so is what it said.
  for (const alert of known.values()) {
    const next = ended(alert, given.at);
    if (next) after.push(next);
    else dropped.push(alert.id);
  }
  const rules = new Map(given.rules.map(({ rule }) => [rule.name, rule]));
  const { alerts, notices } = alertNotices(after, rules, given.silences, given.at);
  const old = new Map(given.open.map((alert) => [alert.id, JSON.stringify(alert)]));
  return { changed: alerts.filter((alert) => old.get(alert.id) !== JSON.stringify(alert)), dropped, notices };
}

function stepOf(ready: ReadyRule, alert: Alert | undefined, given: Look): Alert | undefined {
  const holds = truthOf(ready, given.values);
  const paused = given.before !== undefined && given.at - given.before > LOOKBACK_MS;
  if (holds === undefined) return alert?.state === 'firing' ? { ...alert, noData: true } : undefined;
  if (!holds) return alert && ended(alert, given.at);
  const begun = alert && !(paused && alert.state === 'pending') ? alert : undefined;
  const open = {
    ...(begun ?? newAlert(ready, given, alert?.id)),
    values: valuesOf(ready, given.values),
    noData: false,
  };
  const held = given.at - Date.parse(open.since);
  if (open.state === 'pending' && held >= ready.rule.forMs)
    return { ...open, state: 'firing', severity: ready.rule.severity, firedAt: iso(given.at) };
  return open;
}

/** Undefined when it had come to nothing. */
function ended(alert: Alert, at: number): Alert | undefined {
  return alert.state === 'firing' ? { ...alert, state: 'resolved', resolvedAt: iso(at), noData: false } : undefined;
}

function newAlert({ rule }: ReadyRule, { at, newId }: Look, id: string | undefined): Alert {
  return {
    id: id ?? newId(),
    rule: rule.name,
    group: rule.group,
    severity: rule.severity,
    state: 'pending',
    condition: rule.normal,
    since: iso(at),
    firedAt: null,
    resolvedAt: null,
    values: {},
    toldAt: null,
    escalatedAt: null,
    acknowledgedBy: null,
    acknowledgedAt: null,
    note: '',
    noData: false,
  };
}

const MOST_UNKNOWN = 4;

/** Undefined when it hangs on a series without a value: it is tried with the smallest and the largest there could be. */
function truthOf(ready: ReadyRule, values: ReadonlyMap<string, number>): boolean | undefined {
  const { series } = ready.rule;
  const missing = series.filter((name) => !values.has(name));
  if (missing.length === 0) return ready.holds(series.map((name) => values.get(name)!));
  if (missing.length === series.length || missing.length > MOST_UNKNOWN) return undefined;
  const answers = new Set<boolean>();
  for (let bits = 0; bits < 2 ** missing.length; bits++) {
    const guess = (name: string): number =>
      bits & (1 << missing.indexOf(name)) ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    answers.add(ready.holds(series.map((name) => values.get(name) ?? guess(name))));
  }
  return answers.size === 1 ? [...answers][0] : undefined;
}

function valuesOf({ rule }: ReadyRule, values: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries(rule.series.flatMap((name) => (values.has(name) ? [[name, values.get(name)!]] : [])));
}

const iso = (at: number): string => new Date(at).toISOString();

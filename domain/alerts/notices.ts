/** Who is to be told of what. Each message has a key made from the alerts it tells of, so that it exists once. */
import type { Notice } from '../notice.js';
import { lengthText } from '../monitoring/duration.js';
import type { Alert, Silence } from './alert.schema.js';
import type { AlertRule, Severity } from './rule.schema.js';

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };
const MAX_TITLE = 120;

type Rules = ReadonlyMap<string, AlertRule>;

export function isSilenced(
  alert: Pick<Alert, 'rule' | 'group' | 'severity'>,
  silences: readonly Silence[],
  at: number,
): boolean {
  return silences.some(
    (silence) =>
      Date.parse(silence.until) > at &&
      (silence.rule === null || silence.rule === alert.rule) &&
      (silence.group === null || silence.group === alert.group) &&
      (silence.severity === null || silence.severity === alert.severity),
  );
}

/** The alerts with the marks of having been told, and the messages. Alerts of one group and one set of channels share one. */
export function alertNotices(
  alerts: readonly Alert[],
  rules: Rules,
  silences: readonly Silence[],
  at: number,
): { alerts: Alert[]; notices: Notice[] } {
  const now = new Date(at).toISOString();
  const firing: Alert[] = [];
  const resolved: Alert[] = [];
  const escalated: Alert[] = [];
  const marked = alerts.map((alert) => {
    const quiet = isSilenced(alert, silences, at);
    if (alert.state === 'resolved') {
      if (alert.toldAt !== null) resolved.push(alert);
      return alert;
    }
    if (alert.state !== 'firing' || quiet) return alert;
    if (alert.toldAt === null) {
      firing.push(alert);
      return { ...alert, toldAt: now };
    }
    if (!mustEscalate(alert, rules.get(alert.rule), at)) return alert;
    const higher = { ...alert, escalatedAt: now, severity: rules.get(alert.rule)!.escalate!.severity };
    escalated.push(higher);
    return higher;
  });
  const still = new Set(marked.filter((a) => a.state === 'firing' && a.toldAt !== null).map((a) => a.group));
  return {
    alerts: marked,
    notices: [
      ...grouped(firing, rules, channelsOf).map((g) => noticeOf('firing', g, rules, at, false)),
      ...grouped(escalated, rules, (rule) => rule?.escalate?.channels).map((g) =>
        noticeOf('escalated', g, rules, at, false),
      ),
      ...grouped(resolved, rules, channelsOf).map((g) =>
        noticeOf('resolved', g, rules, at, !still.has(g.alerts[0]!.group)),
      ),
    ],
  };
}

function mustEscalate(alert: Alert, rule: AlertRule | undefined, at: number): boolean {
  if (!rule?.escalate || alert.escalatedAt !== null || alert.acknowledgedAt !== null) return false;
  return at - Date.parse(alert.firedAt ?? alert.since) >= rule.escalate.afterMs;
}

const channelsOf = (rule: AlertRule | undefined): readonly string[] | undefined => rule?.channels ?? undefined;

interface Group {
  readonly alerts: readonly Alert[];
  readonly channels: readonly string[] | undefined;
}

function grouped(
  alerts: readonly Alert[],
  rules: Rules,
  channels: (rule: AlertRule | undefined) => readonly string[] | undefined,
): Group[] {
  const groups = new Map<string, { alerts: Alert[]; channels: readonly string[] | undefined }>();
  for (const alert of alerts) {
    const wanted = channels(rules.get(alert.rule));
    const key = JSON.stringify([alert.group, wanted ?? null]);
    const group = groups.get(key) ?? { alerts: [], channels: wanted };
    group.alerts.push(alert);
    groups.set(key, group);
  }
  return [...groups.values()];
}

type What = 'firing' | 'escalated' | 'resolved';

function noticeOf(what: What, { alerts, channels }: Group, rules: Rules, at: number, resolves: boolean): Notice {
  const [first] = alerts as readonly [Alert, ...Alert[]];
  const severity = alerts.reduce<Severity>((worst, a) => (RANK[a.severity] > RANK[worst] ? a.severity : worst), 'info');
  const names = alerts.map((alert) => alert.rule).join(', ');
  const more = { firing: '', escalated: ' (nobody has acknowledged it)', resolved: ' is over' }[what];
  return {
    key: `${what}-${alerts
      .map((alert) => alert.id)
      .sort()
      .join('-')
      .slice(0, 200)}`,
    kind: what === 'resolved' ? 'alert_resolved' : 'alert_firing',
    severity: what === 'resolved' ? 'info' : severity,
    project: '',
    title: `${what === 'resolved' ? '' : `${severity}: `}${names}${more}`.slice(0, MAX_TITLE),
    text: alerts.map((alert) => sentence(what, alert, rules.get(alert.rule), at)).join('\n\n'),
    group: `alert:${first.group}`,
    ...(resolves ? { resolves } : {}),
    links: [],
    data: {
      alert: first.id,
      rule: first.rule,
      severity,
      state: what,
      count: alerts.length,
      condition: first.condition,
    },
    ...(channels ? { channels } : {}),
  };
}

function sentence(what: What, alert: Alert, rule: AlertRule | undefined, at: number): string {
  const values = Object.entries(alert.values)
    .map(([name, value]) => `${name} = ${Number(value.toPrecision(4))}`)
    .join(', ');
  if (what === 'resolved') {
    const lasted = lengthText(
      Math.max(0, Math.round((Date.parse(alert.resolvedAt ?? alert.since) - Date.parse(alert.since)) / 1000) * 1000),
    );
    return `**${alert.rule}** is over. It lasted ${lasted}. \`${alert.condition}\``;
  }
  const held = lengthText(Math.round((at - Date.parse(alert.since)) / 1000) * 1000);
  const todo = rule?.description ? `\n${rule.description}` : '';
  return `**${alert.rule}**: \`${alert.condition}\` has held for ${held} (${values}).${todo}`;
}

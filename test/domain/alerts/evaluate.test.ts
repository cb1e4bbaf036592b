import { describe, expect, it } from 'vitest';
import { compileCel } from '../../../domain/alerts/cel.js';
import type { Alert, Silence } from '../../../domain/alerts/alert.schema.js';
import { look } from '../../../domain/alerts/evaluate.js';
import { AlertRuleInput } from '../../../domain/alerts/rule.schema.js';
import { builtInRules, type ReadyRule, readyRule, rulesOfFile } from '../../../domain/alerts/rules.js';
import { recordingOf, simulate } from '../../../domain/alerts/simulate.js';
import { Catalogue } from '../../../domain/monitoring/catalogue.js';
import type { Notice } from '../../../domain/notice.js';

const catalogue = new Catalogue();
const ready = (inputs: readonly AlertRuleInput[]): ReadyRule[] =>
  inputs.map((i) => readyRule(i, 'settings', catalogue, compileCel));
const rule = (change: Partial<AlertRuleInput>): AlertRuleInput =>
  AlertRuleInput.parse({ name: 'r', condition: 'cpu_usage > 0.8', ...change });

/** Looks at the times given (seconds) with these values, and keeps what follows from it. */
function watch(rules: readonly ReadyRule[]) {
  let open: Alert[] = [];
  let before: number | undefined;
  const silences: Silence[] = [];
  const notices: Notice[] = [];
  let ids = 0;
  return {
    silences,
    notices,
    open: () => open,
    change: (work: (alert: Alert) => Alert) => {
      open = open.map(work);
    },
    at(seconds: number, values: Record<string, number>) {
      const at = seconds * 1000;
      const looked = look({
        at,
        before,
        rules,
        open,
        silences,
        values: new Map(Object.entries(values)),
        newId: () => `alert_${++ids}`,
      });
      const changed = new Map(looked.changed.map((a) => [a.id, a]));
      open = [
        ...open.map((a) => changed.get(a.id) ?? a),
        ...looked.changed.filter((a) => !open.some((o) => o.id === a.id)),
      ].filter((a) => a.state !== 'resolved' && !looked.dropped.includes(a.id));
      notices.push(...looked.notices);
      before = at;
      return looked.notices.map((n) => `${n.kind} ${n.group}`);
    },
  };
}
const cpu = (value: number) => ({ 'system.cpu_usage': value });

const FORM_A = {
  alert_rules: [
    {
      name: 'high_failure_rate',
      condition: 'test_failure_rate > 0.1',
      severity: 'warning',
      channels: ['email', 'slack'],
    },
    {
      name: 'system_overload',
      condition: 'cpu_usage > 0.9 AND memory_usage > 0.9',
      severity: 'critical',
      channels: ['email', 'slack', 'pagerduty'],
    },
  ],
};
const FORM_B = {
  alerts: [
    { name: 'High CPU Usage', condition: 'system.cpu_percent > 80', duration: '5m', actions: ['email', 'webhook'] },
    {
      name: 'Workflow Failure Rate',
      condition: 'workflow.failure_rate > 0.1',
      duration: '10m',
      actions: ['slack', 'email'],
    },
  ],
};

describe('the two forms of rules', () => {
  it('with severity and channels: 11 of 100 failed tests fire, 10 of 100 do not', () => {
    const w = watch(ready(rulesOfFile(FORM_A)));
    expect(w.at(0, { 'tests.failure_rate': 10 / 100 })).toEqual([]);
    expect(w.at(30, { 'tests.failure_rate': 11 / 100 })).toEqual(['alert_firing alert:high_failure_rate']);
    expect(w.notices[0]).toMatchObject({ severity: 'warning', channels: ['email', 'slack'] });
  });

  it('processors and memory must both be above 0.9; three channels hear of it', () => {
    const w = watch(ready(rulesOfFile(FORM_A)));
    const both = (c: number, m: number) => ({ 'system.cpu_usage': c, 'system.memory_usage': m });
    expect([w.at(0, both(0.95, 0.9)), w.at(30, both(0.9, 0.95))]).toEqual([[], []]);
    expect(w.at(60, both(0.91, 0.91))).toEqual(['alert_firing alert:system_overload']);
    expect(w.notices[0]).toMatchObject({ severity: 'critical', channels: ['email', 'slack', 'pagerduty'] });
  });

  it.each([
    ['High CPU Usage', 'system.cpu_usage', 0.81, 0.8, 300, ['email', 'webhook']],
    ['Workflow Failure Rate', 'workflow.failure_rate', 0.11, 0.1, 600, ['slack', 'email']],
  ])('with duration and actions: %s', (name, series, above, at, seconds, channels) => {
    const w = watch(ready(rulesOfFile(FORM_B)));
    for (let t = 0; t < seconds; t += 30) expect(w.at(t, { [series]: above })).toEqual([]);
    expect(w.at(seconds - 1, { [series]: above })).toEqual([]);
    expect(w.at(seconds, { [series]: above })).toEqual([`alert_firing alert:${name}`]);
    expect(w.at(seconds + 30, { [series]: above })).toEqual([]);
    expect(w.at(seconds + 60, { [series]: at })).toEqual([`alert_resolved alert:${name}`]);
    expect(w.notices.map((n) => n.channels)).toEqual([channels, channels]);
    expect(new Set(w.notices.map((n) => n.key)).size).toBe(2);
  });

  it('mistakes are told by name and place', () => {
    const told = (value: unknown): string => {
      try {
        ready(rulesOfFile(value));
      } catch (error) {
        return (error as Error).message;
      }
      return 'accepted';
    };
    expect(told({ alerts: [{ name: 'x', condition: 'cpu_usage > 0.9', duration: 'soon' }] })).toContain(
      'alerts.0.duration: a length of time',
    );
    expect(told([{ name: 'x', condition: 'cpu > 0.9' }])).toContain('Rule "x": There is no series "cpu"');
    expect(told([rule({}), rule({})])).toContain('Two rules are named "r"');
    expect(told([{ name: 'x', condition: 'cpu_usage > 0.9', for: '5m', duration: '5m' }])).toContain(
      'keep one of them',
    );
    expect(told({ rules: [] })).toContain('rules');
  });
});

describe('alerts over time', () => {
  it('4 min 59 s is not five minutes', () => {
    const w = watch(ready([rule({ for: '5m' })]));
    for (let t = 0; t <= 299; t += 23) w.at(t, cpu(0.9));
    expect([w.at(299, cpu(0.9)), w.at(299.5, cpu(0.1)), w.at(300, cpu(0.9))]).toEqual([[], [], []]);
    for (let t = 320; t < 599; t += 30) expect(w.at(t, cpu(0.9))).toEqual([]);
    expect(w.at(599.999, cpu(0.9))).toEqual([]);
    expect(w.at(600, cpu(0.9))).toHaveLength(1);
  });

  it('a pause in which nobody looked is no proof that it held', () => {
    const w = watch(ready([rule({ for: '10m' })]));
    w.at(0, cpu(0.9));
    expect(w.at(900, cpu(0.9))).toEqual([]);
    expect(w.open()[0]).toMatchObject({ state: 'pending', since: new Date(900_000).toISOString() });
  });

  it('without data a firing alert stays and a pending one ends; an OR is decided by what there is', () => {
    const w = watch(ready([rule({})]));
    w.at(0, cpu(0.9));
    expect(w.at(30, {})).toEqual([]);
    expect(w.open()[0]).toMatchObject({ state: 'firing', noData: true });
    expect(w.at(60, cpu(0.1))).toEqual(['alert_resolved alert:r']);
    const pending = watch(ready([rule({ for: '1m' })]));
    pending.at(0, cpu(0.9));
    pending.at(30, {});
    expect(pending.open()).toEqual([]);
    const either = watch(ready([rule({ condition: 'cpu_usage > 0.8 OR memory_usage > 0.8' })]));
    expect(either.at(0, cpu(0.9))).toHaveLength(1);
    expect(watch(ready([rule({ condition: 'cpu_usage > 0.8 AND memory_usage > 0.8' })])).at(0, cpu(0.9))).toEqual([]);
  });

  it('a silence keeps the message back until it is over; what was never told is not called over', () => {
    const w = watch(ready([rule({})]));
    const until = new Date(60_000).toISOString();
    w.silences.push({ id: 's', rule: 'r', group: null, severity: null, reason: '', by: 'me', createdAt: until, until });
    expect(w.at(0, cpu(0.9))).toEqual([]);
    expect(w.at(59, cpu(0.9))).toEqual([]);
    expect(w.at(60, cpu(0.9))).toEqual(['alert_firing alert:r']);
    const short = watch(ready([rule({})]));
    short.silences.push(w.silences[0]!);
    expect([short.at(0, cpu(0.9)), short.at(30, cpu(0.1)), short.at(90, cpu(0.1))]).toEqual([[], [], []]);
  });

  it('nobody reacts: once, later, the others are told; an acknowledged alert is left alone', () => {
    const rules = ready([
      rule({ channels: ['slack'], escalate: { after: '10m', channels: ['pager'], severity: 'critical' } }),
    ]);
    const w = watch(rules);
    const seen = [0, 300, 599, 600, 630, 900].map((t) => w.at(t, cpu(0.9)).length);
    expect(seen).toEqual([1, 0, 0, 1, 0, 0]);
    expect(w.notices.map((n) => [n.severity, n.channels])).toEqual([
      ['warning', ['slack']],
      ['critical', ['pager']],
    ]);
    const calm = watch(rules);
    calm.at(0, cpu(0.9));
    calm.change((alert) => ({ ...alert, acknowledgedBy: 'ada', acknowledgedAt: new Date(1000).toISOString() }));
    expect([300, 600, 900].flatMap((t) => calm.at(t, cpu(0.9)))).toEqual([]);
    expect(calm.at(930, cpu(0.1))).toEqual(['alert_resolved alert:r']);
  });

  it('alerts of one group that fire together share a message; the group is over with its last one', () => {
    const w = watch(
      ready([rule({ name: 'a', group: 'host' }), rule({ name: 'b', group: 'host', condition: 'memory_usage > 0.8' })]),
    );
    const both = (c: number, m: number) => ({ 'system.cpu_usage': c, 'system.memory_usage': m });
    expect(w.at(0, both(0.9, 0.9))).toEqual(['alert_firing alert:host']);
    expect(w.notices[0]?.title).toBe('warning: a, b');
    w.at(30, both(0.1, 0.9));
    w.at(60, both(0.1, 0.1));
    expect(w.notices.slice(1).map((n) => n.resolves ?? false)).toEqual([false, true]);
  });

  it('a rule that is taken away ends its alert, with a last message', () => {
    const rules = ready([rule({})]);
    const open = look({
      at: 0,
      before: undefined,
      rules,
      open: [],
      silences: [],
      values: new Map(Object.entries(cpu(1))),
      newId: () => 'x',
    }).changed;
    const after = look({ at: 30_000, before: 0, rules: [], open, silences: [], values: new Map(), newId: () => 'y' });
    expect([after.changed.map((a) => a.state), after.notices.map((n) => n.kind)]).toEqual([
      ['resolved'],
      ['alert_resolved'],
    ]);
  });
});

it('built in: processors above 80, memory above 85 and disk above 90 percent each fire their own alert', () => {
  const w = watch(ready(builtInRules({ cpu_usage: 80, memory_usage: 85, disk_usage: 90 }, [], false)));
  const values = (c: number, m: number, d: number) => ({
    'system.cpu_usage': c,
    'system.memory_usage': m,
    'system.disk_usage': d,
  });
  for (let t = 0; t <= 600; t += 30) w.at(t, values(0.8, 0.85, 0.9));
  expect(w.notices).toEqual([]);
  for (let t = 630; t <= 1200; t += 30) w.at(t, values(0.81, 0.86, 0.91));
  expect(w.notices.map((n) => n.group).sort()).toEqual(['alert:cpu usage', 'alert:disk usage', 'alert:memory usage']);
});

it('rules are tried on recorded series, in the units of the names', () => {
  const points = Array.from({ length: 41 }, (_, i) => ({ at: i * 30_000, value: i >= 10 && i < 30 ? 92 : 40 }));
  const recording = recordingOf(new Map([['system.cpu_percent', points]]), catalogue);
  expect(simulate(ready(rulesOfFile(FORM_B)), recording)).toEqual([
    {
      rule: 'High CPU Usage',
      severity: 'warning',
      since: new Date(300_000).toISOString(),
      firedAt: new Date(600_000).toISOString(),
      resolvedAt: new Date(900_000).toISOString(),
      values: { 'system.cpu_usage': 0.92 },
    },
  ]);
  expect(() => recordingOf(new Map([['cpu_usagee', points]]), catalogue)).toThrow('did you mean "cpu_usage"?');
});

/** Routes of monitoring and alerts over a real ledger. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readyRules, type CollectDeps } from '../../activities/monitoring/collect.js';
import { compileCel } from '../../domain/alerts/cel.js';
import { look } from '../../domain/alerts/evaluate.js';
import type { Monitoring as Settings } from '../../domain/monitoring/monitoring.schema.js';
import { Monitoring } from '../../domain/monitoring/monitoring.schema.js';
import { keysOf, KEYS, type OpenApi, openApi } from '../api/support/api.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';

let opened: TestLedger;
let api: OpenApi;
const settings: Settings = Monitoring.parse({ alerts: [{ name: 'in settings', condition: 'cpu_usage > 0.9' }] });
const collector = (): CollectDeps => ({
  store: opened.ledger.monitoring,
  alerts: opened.ledger.alerts,
  sources: [],
  probes: [],
  settings,
  looks: true,
  compile: compileCel,
  hand: async () => {},
  log: { warn() {} },
});

beforeAll(async () => {
  opened = await openTestLedger();
  const { ledger } = opened;
  api = await openApi({
    ledger,
    apiKeys: keysOf(KEYS),
    monitoring: {
      store: ledger.monitoring,
      alerts: ledger.alerts,
      settings: () => settings,
      rules: () => readyRules(collector()),
      compile: compileCel,
    },
  });
});
afterAll(async () => {
  await api?.close();
  await opened?.close();
});

async function call(
  method: string,
  path: string,
  body?: object,
  key = 'key-of-omar',
): Promise<{ status: number; body: Record<string, unknown> & { items: Record<string, unknown>[]; detail: string } }> {
  const answer = await fetch(`${api.url}/api/${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text ? JSON.parse(text) : {}) as never };
}

describe('series of users', () => {
  it('are made by their first value, and shown with mean, quantiles and rate', async () => {
    const now = Date.now();
    const points = [0, 10, 20, 30].map((value, i) => ({
      at: new Date(now - 40_000 + i * 10_000).toISOString(),
      value,
    }));
    const made = await call('POST', 'monitoring/metrics', {
      name: 'orders_total',
      kind: 'counter',
      help: 'orders',
      points,
    });
    expect([made.status, made.body]).toMatchObject([202, { name: 'orders_total', source: 'user', lastValue: 30 }]);
    const shown = await call('GET', 'monitoring/metrics/orders_total?hours=1');
    expect(shown.body).toMatchObject({
      unit: 'count',
      summary: { count: 4, mean: 15, p50: 15, p95: expect.closeTo(28.5, 6), rate: 1 },
    });
    expect((await call('GET', 'monitoring/metrics/order_total')).body.detail).toContain('did you mean "orders_total"?');
  });

  it.each([
    [{ name: 'system.cpu_usage', value: 1 }, 409],
    [{ name: 'probe.api.up', value: 1 }, 409],
    [{ name: 'Orders!', value: 1 }, 400],
    [{ name: 'x', value: 1, points: [] }, 400],
    [{ name: 'x' }, 400],
    [{ name: 'x', points: [{ at: '2020-01-01T00:00:00Z', value: 1 }] }, 400],
  ])('%j is refused with %s', async (body, status) => {
    expect((await call('POST', 'monitoring/metrics', body)).status).toBe(status);
  });
});

describe('rules', () => {
  it('are made, changed, listed with those of the settings, and taken away', async () => {
    const rule = { name: 'orders stop', condition: 'orders_total < 1', for: '5m', severity: 'critical' };
    expect((await call('POST', 'alerts/rules', rule)).body).toMatchObject({
      normal: 'orders_total < 1.0',
      forMs: 300_000,
      source: 'api',
    });
    expect((await call('POST', 'alerts/rules', rule)).status).toBe(409);
    const changed = await call('PUT', `alerts/rules/${encodeURIComponent(rule.name)}`, {
      ...rule,
      condition: 'orders_total < 2',
    });
    expect(changed.body).toMatchObject({ normal: 'orders_total < 2.0' });
    const sources = (await call('GET', 'alerts/rules')).body.items.map(
      ({ name, source }) => `${String(source)}: ${String(name)}`,
    );
    expect(sources).toEqual(
      expect.arrayContaining([
        'api: orders stop',
        'settings: in settings',
        'built-in: cpu usage',
        'built-in: probe database',
      ]),
    );
    expect((await call('DELETE', `alerts/rules/${encodeURIComponent(rule.name)}`)).status).toBe(204);
    expect((await call('DELETE', `alerts/rules/${encodeURIComponent(rule.name)}`)).status).toBe(404);
  });

  it('refuses what cannot be, with what to write instead', async () => {
    const tell = async (rule: object) => {
      const { status, body } = await call('POST', 'alerts/rules', rule);
      return `${status} ${body.detail}`;
    };
    expect(await tell({ name: 'x', condition: 'cpu_usgae > 0.9' })).toMatch(/^400 .*did you mean "cpu_usage"/);
    expect(await tell({ name: 'x', condition: 'cpu_usage > 80' })).toMatch(/^400 .*write 0.8, or 80%/);
    expect(await tell({ name: 'in settings', condition: 'cpu_usage > 0.9' })).toMatch(/^409 .*written in the settings/);
    expect(
      (await call('POST', 'alerts/rules', { name: 'x', condition: 'cpu_usage > 0.9' }, 'key-of-vera')).status,
    ).toBe(403);
  });
});

describe('alerts', () => {
  it('are listed by state and severity, acknowledged, and silenced until the silence is over', async () => {
    const rules = await readyRules(collector());
    const values = new Map([['system.cpu_usage', 0.95]]);
    const at = Date.now();
    await opened.ledger.alerts.look(at, (standing) => look({ at, rules, values, ...standing }));
    const firing = (await call('GET', 'alerts?state=firing&severity=warning')).body.items;
    expect(firing.map(({ rule }) => rule)).toEqual(['in settings']);
    expect((await call('GET', 'alerts?state=pending')).body.items.map(({ rule }) => rule)).toEqual(['cpu usage']);
    const acked = await call('POST', `alerts/${String(firing[0]!['id'])}/ack`, { note: 'looking' });
    expect(acked.body).toMatchObject({ acknowledgedBy: 'omar', note: 'looking' });
    expect((await call('POST', 'alerts/alert_none/ack', {})).status).toBe(404);
    const silence = await call('POST', 'alerts/silences', { rule: 'in settings', for: '1s', reason: 'deploy' });
    expect([silence.status, silence.body]).toMatchObject([201, { by: 'omar', rule: 'in settings' }]);
    expect((await call('GET', 'alerts/silences')).body.items).toHaveLength(1);
    await expect.poll(async () => (await call('GET', 'alerts/silences')).body.items).toEqual([]);
    const long = await call('POST', 'alerts/silences', { for: '2h' });
    expect((await call('DELETE', `alerts/silences/${String(long.body['id'])}`)).status).toBe(204);
    expect((await call('POST', 'alerts/silences', { for: '60d' })).status).toBe(400);
  });
});

describe('health', () => {
  it('is healthy, degraded or down by its parts, and old news is degraded', async () => {
    expect((await call('GET', 'health')).status).toBe(503);
    const part = (name: string, status: 'healthy' | 'down') => ({
      name,
      kind: 'own',
      status,
      latencyMs: 1,
      sentence: 's',
    });
    const put = (at: number, ...parts: ReturnType<typeof part>[]) => opened.ledger.monitoring.putHealth(at, parts);
    const word = async () => (await call('GET', 'health')).body['status'];
    await put(Date.now(), part('database', 'healthy'), part('shop', 'healthy'));
    expect(await word()).toBe('healthy');
    await put(Date.now(), part('database', 'healthy'), part('shop', 'down'));
    expect(await word()).toBe('degraded');
    await put(Date.now(), part('database', 'down'), part('shop', 'healthy'));
    expect(await word()).toBe('down');
    await put(Date.now() - 3_600_000, part('database', 'healthy'));
    expect((await call('GET', 'health')).body).toMatchObject({
      status: 'degraded',
      components: [{ sentence: expect.stringContaining('Nobody has looked since') }],
    });
  });
});

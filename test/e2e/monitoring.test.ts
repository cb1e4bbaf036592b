/** Monitoring on a whole stack: values at the set distance, a service that goes and comes back, who is told, the schedule. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MONITORING_SCHEDULE } from '../../domain/monitoring/stages.js';
import { freePort } from '../support/temporal.js';
import { startWebhookReceiver, WEBHOOK_SECRET, type WebhookReceiver } from '../support/vendors/webhook-receiver.js';
import { suitesProject } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

let baton: TestStack;
let receiver: WebhookReceiver;
let dir: string;
let port: number;
/** Where nothing listens. */
let nobody: number;
let service: Server | undefined;

const settings = (everySeconds: number): string =>
  JSON.stringify({
    notify: {
      allowPrivate: ['127.0.0.1'],
      channels: { ops: { kind: 'webhook', url: receiver.url, secret: { env: 'HOOK_SECRET' } } },
    },
    monitoring: {
      interval: '10s',
      metrics_interval: everySeconds,
      allowPrivate: ['127.0.0.1'],
      alert_thresholds: { cpu_usage: null, memory_usage: null, disk_usage: null },
      prometheus: [
        { url: `http://127.0.0.1:${nobody}`, timeout: '1s', metrics: [{ name: 'shop.orders', query: 'sum(orders)' }] },
      ],
      probes: [{ kind: 'tcp', name: 'shop', host: '127.0.0.1', port, timeout: '1s' }],
      alert_rules: [{ name: 'probe shop', condition: 'probe.shop.up < 1', severity: 'critical', channels: ['ops'] }],
    },
  });

async function listen(): Promise<void> {
  service = createServer((socket) => socket.end());
  service.listen(port, '127.0.0.1');
  await once(service, 'listening');
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baton-monitoring-'));
  port = await freePort();
  nobody = await freePort();
  receiver = await startWebhookReceiver();
  await listen();
  await writeFile(join(dir, 'config.json'), settings(1));
  baton = await openStack({ runners: 1, env: { BATON_CONFIG: join(dir, 'config.json'), HOOK_SECRET: WEBHOOK_SECRET } });
});
afterAll(async () => {
  await baton?.stop();
  service?.close();
  await receiver?.stop();
  await rm(dir, { recursive: true, force: true });
});

const get = async <T>(path: string): Promise<T> =>
  (await (await fetch(`${baton.stack.manifest.api}${path}`)).json()) as T;
const times = async (): Promise<number[]> => {
  const { points } = await get<{ points: { at: string }[] }>(
    '/api/monitoring/metrics/system.cpu_usage?hours=0.05&step=1',
  );
  return points.map(({ at }) => Date.parse(at));
};
const parts = async () =>
  (await get<{ components?: { name: string; status: string }[] }>('/api/health')).components ?? [];
const told = () => receiver.once().map(({ type }) => type);

it('collects at the set distance, and at another one when the file changes, without a restart', async () => {
  await expect.poll(async () => (await times()).length, { timeout: 30_000 }).toBeGreaterThan(6);
  const pid = baton.pid('control');
  await writeFile(join(dir, 'config.json'), settings(3));
  await expect
    .poll(
      async () => {
        const [a = 0, b = 0, c = 0] = (await times()).slice(-3);
        return [b - a, c - b].every((ms) => ms >= 2000 && ms <= 4000);
      },
      { timeout: 40_000, interval: 500 },
    )
    .toBe(true);
  expect(baton.pid('control')).toBe(pid);
  await writeFile(join(dir, 'config.json'), settings(1));
}, 120_000);

it('every part is well; a service that goes turns red alone, one message says so, and one that it is over', async () => {
  await expect
    .poll(async () => (await parts()).every(({ status }) => status === 'healthy'), { timeout: 60_000 })
    .toBe(true);
  expect((await parts()).map(({ name }) => name)).toEqual([
    'database',
    'disk',
    'processes',
    'runners',
    'shop',
    'temporal',
  ]);
  service?.close();
  await expect
    .poll(async () => (await parts()).filter(({ status }) => status !== 'healthy').map(({ name }) => name), {
      timeout: 30_000,
    })
    .toEqual(['shop']);
  await expect.poll(() => told(), { timeout: 30_000 }).toHaveLength(1);
  await listen();
  await expect.poll(() => told(), { timeout: 30_000 }).toHaveLength(2);
  const alerts = await get<{ items: { rule: string; state: string }[] }>('/api/alerts?rule=probe%20shop');
  expect(alerts.items).toMatchObject([{ rule: 'probe shop', state: 'resolved' }]);
  expect([receiver.violations, told().length]).toEqual([[], 2]);
  const { points } = await get<{ points: { mean: number }[] }>(
    '/api/monitoring/metrics/probe.shop.latency_seconds?hours=0.1',
  );
  expect(points.length).toBeGreaterThan(0);
  expect(points.every(({ mean }) => mean > 0 && mean < 5)).toBe(true);
}, 180_000);

it('a killed runner makes one alert and one recovery, and costs health', async () => {
  const score = async (): Promise<{ points: { min: number; max: number }[] }> =>
    get('/api/monitoring/metrics/runners.health_score?hours=0.01&step=1');
  const lost = async () => (await get<{ items: { state: string }[] }>('/api/alerts?rule=runner%20lost')).items;
  expect([await lost(), (await score()).points.at(-1)?.max]).toEqual([[], 100]);
  const before = told().length;
  process.kill(baton.pid('runner-1'), 'SIGKILL');
  await expect.poll(() => told().slice(before), { timeout: 30_000 }).toHaveLength(2);
  expect(await lost()).toMatchObject([{ state: 'resolved' }]);
  const { points } = await score();
  expect([Math.min(...points.map(({ min }) => min)), points.at(-1)?.max]).toEqual([0, 100]);
  expect(told().slice(before)).toEqual(['baton.alert_firing', 'baton.alert_resolved']);
}, 120_000);

it('a source of figures that is away costs its series and one warning; runs pass, and the other series go on', async () => {
  const rounds = (await times()).length;
  const run = await baton.run(await suitesProject(['smoke']));
  expect(run).toMatchObject({ verdict: 'passed', totals: { passed: 1 } });
  await expect.poll(async () => (await times()).length, { timeout: 30_000 }).toBeGreaterThan(rounds + 2);
  // Nor has more come of the runner that was killed: two for the service, two for it.
  expect(told().filter((type) => type.startsWith('baton.alert'))).toHaveLength(4);
  const log = await readFile(join(baton.home, 'logs', 'control.log'), 'utf8');
  expect(log.split('\n').filter((line) => line.includes('Prometheus: no answer'))).toHaveLength(1);
  const { points } = await get<{ points: unknown[] }>('/api/monitoring/metrics/shop.orders?hours=0.1');
  expect(points).toEqual([]);
}, 120_000);

it('values of users are in /metrics, and the schedule fires the workflow and goes with the settings', async () => {
  await fetch(`${baton.stack.manifest.api}/api/monitoring/metrics`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'orders_total', value: 7, kind: 'counter' }),
  });
  const text = await (await fetch(`${baton.stack.manifest.api}/metrics`)).text();
  expect(text).toContain('baton_series{name="orders_total",unit="count",source="user"} 7');
  expect(text).toContain('baton_component_up{component="database"} 1');
  const firings = async () =>
    (
      await get<{ items: { id: string; outcome: string | null; stages: { status: string }[] }[] }>(
        '/api/executions?workflow=monitoring',
      )
    ).items;
  await expect
    .poll(async () => (await firings()).filter(({ outcome }) => outcome !== null).length, { timeout: 60_000 })
    .toBeGreaterThan(1);
  expect((await firings()).at(-1)?.stages).toHaveLength(5);
  const connection = await Connection.connect({ address: baton.stack.manifest.temporal.address });
  const handle = new Client({ connection }).schedule.getHandle(MONITORING_SCHEDULE);
  expect((await handle.describe()).spec.intervals?.[0]?.every).toBe(10_000);
  await writeFile(join(dir, 'config.json'), '{}');
  await expect
    .poll(
      () =>
        handle.describe().then(
          () => 'there',
          () => 'gone',
        ),
      { timeout: 20_000 },
    )
    .toBe('gone');
  await connection.close();
}, 120_000);

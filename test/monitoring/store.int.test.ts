/** Series, alerts and messages on both databases. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLedger, type StoreLedger } from '../../adapters/store/index.js';
import { openTestLedger } from '../support/ledger.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';

const T = Date.parse('2026-03-02T10:00:00Z');
const MINUTE = 60_000;
const gauge = (name: string) => ({
  name,
  unit: 'count' as const,
  kind: 'gauge' as const,
  help: '',
  source: 'user' as const,
});

describe.each(['pglite', 'postgres'] as const)('on %s', (kind) => {
  let ledger: StoreLedger;
  let close: () => Promise<unknown>;
  let postgres: TestPostgres | undefined;
  let reopen: () => Promise<StoreLedger>;
  beforeAll(async () => {
    if (kind === 'pglite') {
      const opened = await openTestLedger();
      ledger = opened.ledger;
      close = () => opened.close();
      reopen = async () => ledger;
      return;
    }
    postgres = await startPostgres();
    const url = await postgres.database();
    reopen = () => openLedger({ kind: 'postgres', url });
    ledger = await reopen();
    close = async () => {
      await ledger.close();
      await postgres?.stop();
    };
  });
  afterAll(() => close?.());

  it('values of yesterday are there after a restart: singly, and as means when the single ones are gone', async () => {
    const store = ledger.monitoring;
    await store.declare([gauge('shop.load')]);
    for (let i = 0; i < 20; i++) await store.record(T + i * 30_000, [{ name: 'shop.load', value: i }]);
    await store.record(T, [
      { name: 'shop.load', value: 99 },
      { name: 'nobody.knows', value: 1 },
    ]);
    const again = (await reopen()).monitoring;
    const day = [T - 24 * 60 * MINUTE, T + 24 * 60 * MINUTE] as const;
    expect(await again.points('shop.load', ...day, 5 * MINUTE)).toEqual([
      { at: T, mean: 4.5, min: 0, max: 9 },
      { at: T + 5 * MINUTE, mean: 14.5, min: 10, max: 19 },
    ]);
    expect(await again.summary('shop.load', ...day)).toMatchObject({
      count: 20,
      mean: 9.5,
      min: 0,
      max: 19,
      p50: 9.5,
      p95: 18.05,
      rate: null,
    });
    await again.forget(T + 60 * MINUTE, T - 60 * MINUTE);
    expect(await again.points('shop.load', ...day, 5 * MINUTE)).toEqual([
      { at: T, mean: 4.5, min: 0, max: 9 },
      { at: T + 5 * MINUTE, mean: 14.5, min: 10, max: 19 },
    ]);
    expect(await again.means('shop.load', 0, T + 10 * MINUTE)).toEqual([
      { at: T, value: 4.5 },
      { at: T + 5 * MINUTE, value: 14.5 },
    ]);
  });

  it('the rate of a counter leaves its resets out', async () => {
    const store = ledger.monitoring;
    await store.declare([{ ...gauge('shop.orders'), kind: 'counter' }]);
    for (const [i, value] of [0, 30, 60, 10, 40].entries())
      await store.record(T + i * 10_000, [{ name: 'shop.orders', value }]);
    // 30 + 30 + 10 (after the reset) + 30 in 40 s
    expect(await store.summary('shop.orders', T, T + MINUTE)).toMatchObject({ rate: 2.5 });
  });

  it('one collector at a time, and another when the first is gone', async () => {
    const { claim } = ledger.monitoring;
    expect([await claim('a', 300), await claim('b', 300), await claim('a', 300)]).toEqual([true, false, true]);
    await expect.poll(() => claim('b', 60_000)).toBe(true);
    expect(await claim('a', 300)).toBe(false);
  });

  it('health remembers since when', async () => {
    const { putHealth, health } = ledger.monitoring;
    const checked = (status: 'healthy' | 'down') => [
      { name: 'api', kind: 'http', status, latencyMs: 3, sentence: 's' },
    ];
    await putHealth(T, checked('down'));
    await putHealth(T + MINUTE, checked('down'));
    expect(await health()).toMatchObject([
      { since: new Date(T).toISOString(), checkedAt: new Date(T + MINUTE).toISOString() },
    ]);
    await putHealth(T + 2 * MINUTE, checked('healthy'));
    expect((await health())[0]?.since).toBe(new Date(T + 2 * MINUTE).toISOString());
  });

  it('an anomaly is found once, however often its firing is repeated', async () => {
    const { found, judged, anomalies, endAnomalies, linkRun, runsSince } = ledger.monitoring;
    const one = { series: 'shop.load', kind: 'step' as const, at: T, value: 9, expected: 1, score: 3, detector: 1 };
    const marks = new Map([['shop.load', T]]);
    const first = await found('firing-1', [one], marks);
    expect(await found('firing-1', [one], marks)).toEqual(first);
    expect(await found('firing-1', [], new Map())).toEqual(first);
    expect(await found('firing-2', [one], marks)).toEqual([]);
    expect((await judged()).get('shop.load')).toBe(T);
    await linkRun([first[0]!.id], 'run_1');
    await linkRun([first[0]!.id], 'run_2');
    await endAnomalies([first[0]!.id], T + MINUTE);
    expect(await anomalies({ open: false, limit: 5 })).toMatchObject([
      { run: 'run_1', endedAt: new Date(T + MINUTE).toISOString() },
    ]);
    expect([await runsSince(T), await runsSince(T + 1)]).toEqual([1, 0]);
    const events = (await ledger.events(0, 100)).filter(({ type }) => type === 'anomaly_found');
    expect(events).toHaveLength(1);
  });

  it('looks at one time, of which each later one wins; state and message are one change', async () => {
    const { look, untold, told, list, acknowledge } = ledger.alerts;
    const alert = (id: string) => ({
      id,
      rule: 'r',
      group: 'r',
      severity: 'warning' as const,
      state: 'firing' as const,
      condition: 'x',
      since: new Date(T).toISOString(),
      firedAt: new Date(T).toISOString(),
      resolvedAt: null,
      values: {},
      toldAt: null,
      escalatedAt: null,
      acknowledgedBy: null,
      acknowledgedAt: null,
      note: '',
      noData: false,
    });
    const notice = {
      key: 'k1',
      kind: 'alert_firing' as const,
      severity: 'warning' as const,
      project: '',
      title: 't',
      text: '',
      group: 'g',
      links: [],
      data: {},
    };
    const work = () => ({ changed: [alert('alert_1')], dropped: [], notices: [notice] });
    await Promise.all([look(T, work), look(T, work)]);
    await look(T - 1, () => {
      throw new Error('an older look must not be asked');
    });
    expect([(await untold(10)).map(({ key }) => key), (await list({ limit: 10 })).length]).toEqual([['k1'], 1]);
    await expect(
      look(T + 1, () => ({ changed: [{ ...alert('alert_2') }], dropped: [], notices: [{ ...notice, key: 'k2' }] })),
    ).rejects.toThrow();
    expect((await untold(10)).map(({ key }) => key)).toEqual(['k1']);
    await told('k1');
    expect(await untold(10)).toEqual([]);
    expect(await acknowledge('alert_1', 'ada', 'on it')).toMatchObject({ acknowledgedBy: 'ada', note: 'on it' });
    expect(await acknowledge('alert_1', 'bob', '')).toMatchObject({ acknowledgedBy: 'ada' });
    expect(await acknowledge('alert_x', 'bob', '')).toBeUndefined();
  });
});

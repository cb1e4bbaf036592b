/**
 * Who may use which route, tried out: every route of the router is asked by everybody. The table is checked in; a new
 * route, or another answer, turns this red until the table (and whoever reviews it) agrees: `vitest run -u` writes it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RouteTable } from '../../api/common/route-table.js';
import { KEYS, keysOf, type OpenApi, openApi, RUNNER_TOKEN } from './support/api.js';
import { listenAt } from './support/live.js';

const ASKING = {
  nobody: {},
  wrongKey: { Authorization: 'Bearer wrong-key' },
  viewer: { Authorization: 'Bearer key-of-vera' },
  operator: { 'X-API-Key': 'key-of-omar' },
  admin: { Authorization: 'Bearer key-of-ada' },
  runner: { Authorization: `Bearer ${RUNNER_TOKEN}` },
} as const satisfies Record<string, Record<string, string>>;
type Asking = keyof typeof ASKING;

let on: OpenApi;
beforeAll(async () => {
  on = await openApi({ apiKeys: keysOf(KEYS) });
});
afterAll(() => on.close());

/** A wrong key is tried once per route, which is more often than one address may. */
const freshLimiter = () => openApi({ apiKeys: keysOf(KEYS) });

const concrete = (path: string) =>
  path
    .replace(':id', 'run_1')
    .replace(':digest', `sha256:${'0'.repeat(64)}`)
    .replace('*name', 'a/b.log')
    .replace(/:\w+/g, 'x');

async function cell(url: string, method: string, path: string, asking: Asking): Promise<string> {
  const answer = await fetch(url + concrete(path), { method, headers: ASKING[asking] });
  await answer.arrayBuffer();
  return [401, 403].includes(answer.status) ? String(answer.status) : 'yes';
}

async function row(method: string, path: string): Promise<Record<Asking, string>> {
  const cells = Object.keys(ASKING).map(async (asking) => {
    if (asking !== 'wrongKey') return [asking, await cell(on.url, method, path, asking as Asking)];
    const fresh = await freshLimiter();
    return [asking, await cell(fresh.url, method, path, 'wrongKey').finally(fresh.close)];
  });
  return Object.fromEntries(await Promise.all(cells));
}

async function socketRow(): Promise<Record<Asking, string>> {
  const cells = Object.entries(ASKING).map(async ([asking, headers]) => {
    const ear = await listenAt(on.url, headers);
    ear.say({ type: 'subscribe' });
    const heard = ear
      .until((all) => all.some(({ type }) => type === 'subscribed'))
      .then(
        () => 'yes',
        () => 'nothing',
      );
    const answer = await Promise.race([heard, ear.closed.then(({ code }) => String(code))]);
    ear.socket.terminate();
    return [asking, answer];
  });
  return Object.fromEntries(await Promise.all(cells));
}

it('answers each role on each route as the table says', async () => {
  const table: Record<string, Record<Asking, string>> = {};
  const routes = on.api.app.get(RouteTable).all();
  expect(routes.length).toBeGreaterThan(20);
  for (const { method, path } of routes) table[`${method} ${path}`] = await row(method, path);
  table['WS /ws'] = await socketRow();
  const sorted = Object.fromEntries(Object.entries(table).sort(([a], [b]) => a.localeCompare(b)));
  await expect(`${JSON.stringify(sorted, null, 2)}\n`).toMatchFileSnapshot('./route-roles.json');
  const open = Object.keys(sorted).filter((route) => sorted[route]?.nobody === 'yes');
  expect(open).toEqual(['GET /docs', 'GET /docs-json', 'GET /docs/:asset', 'GET /healthz', 'GET /readyz']);
}, 60_000);

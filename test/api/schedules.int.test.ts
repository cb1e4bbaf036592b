/** Schedules over HTTP, on the real Temporal server and the real ledger. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedulesClient } from '../../adapters/http/schedules-client.js';
import { temporalSchedules } from '../../adapters/temporal/schedules.js';
import type { ExecutionDeps } from '../../api/deps.js';
import { builtIn } from '../../domain/catalog.js';
import type { ScheduleAnswer } from '../../domain/schedules/api.schema.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { type OpenApi, openApi } from './support/api.js';

let temporal: TestTemporal;
let connection: Connection;
let opened: TestLedger;
let on: OpenApi;
let enabled = true;
let maxJobs = 100;

beforeAll(async () => {
  temporal = await startTemporal();
  connection = await Connection.connect({ address: temporal.address });
  opened = await openTestLedger();
  on = await openApi({
    schedules: {
      server: temporalSchedules(new Client({ connection }), 'default'),
      ledger: opened.ledger.schedules,
      settings: () => ({ enabled, max_jobs: maxJobs }),
    },
    executions: { catalog: builtIn } as ExecutionDeps,
  });
});
afterAll(async () => {
  await on?.close();
  await opened?.close();
  await connection?.close();
  await temporal?.stop();
});

const params = { source: { kind: 'directory', dir: '/srv/shop' } };
const ask = async (method: string, path: string, body?: object) => {
  const answer = await fetch(on.url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: (text === '' ? null : JSON.parse(text)) as Record<string, unknown>,
  };
};

describe('making a schedule', () => {
  it.each([
    ['/api/schedules', { name: 'nightly', cron: '0 2 * * *', workflow: 'run', priority: 1, params }, 'nightly'],
    [
      '/api/scheduler/jobs',
      { name: 'API Tests', schedule: '0 2 * * *', workflow_id: 'run', parameters: params },
      'api-tests',
    ],
    ['/api/jobs', { name: 'Health Check', schedule: '*/15 * * * *', workflow: 'suiteRun', params }, 'health-check'],
  ])('by POST %s in its own spelling', async (path, body, id) => {
    const { status, body: made } = await ask('POST', path, body);
    expect({ status, id: made['id'] }).toEqual({ status: 201, id });
    expect((made as ScheduleAnswer).next).toHaveLength(10);
    const listed = await ask('GET', path);
    expect((listed.body as { items?: ScheduleAnswer[] }).items!.map((each) => each.id)).toContain(id);
    expect(listed.headers.get('deprecation')).toBe(path === '/api/schedules' ? null : 'true');
  });

  it.each([
    [{ name: 'x', schedule: '0 0 1 * 1', workflow_id: 'run' }, 400, 'Temporal only when both do'],
    [{ name: 'x', schedule: '0 0 2 * * *', workflow_id: 'run' }, 400, 'six fields'],
    [{ name: 'x', cron: 'daily', workflow: 'wf_12345' }, 422, 'there is no workflow'],
    [{ name: 'x', cron: 'daily', workflow: 'run', params: { source: { kind: 'commit' } } }, 422, 'source.repository'],
    [{ name: 'nightly', cron: 'daily', workflow: 'run', params }, 409, 'There is a schedule nightly already'],
    [{ name: 'self', after: 'self', workflow: 'run', params }, 422, 'start itself again and again'],
    [{ name: 'create', cron: 'daily', workflow: 'run', params }, 400, 'is the name of a command'],
    [{ name: 'x', cron: 'daily', workflow: 'run', params, colour: 'red' }, 400, 'not valid'],
  ])('is refused: %j', async (body, status, text) => {
    const answer = await ask('POST', '/api/schedules', body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toContain(text);
    expect((await ask('GET', '/api/schedules/x')).status).toBe(404);
  });

  it('stops at the number that the settings allow', async () => {
    maxJobs = 3;
    const answer = await ask('POST', '/api/schedules', { name: 'one-more', cron: 'daily', workflow: 'run', params });
    maxJobs = 100;
    expect(answer).toMatchObject({ status: 409, body: { detail: expect.stringContaining('`scheduler.max_jobs`') } });
  });
});

it('every verb works, and is on record with who asked', async () => {
  const client = schedulesClient({ baseUrl: on.url });
  await client.create({ name: 'verbs', cron: '0 2 * * *', workflow: 'run', params });
  expect(await client.pause('verbs', 'holidays')).toMatchObject({ paused: true, note: 'holidays' });
  expect((await ask('PUT', '/api/schedules/verbs', { cron: '0 3 * * *', workflow: 'run', params })).body).toMatchObject(
    {
      cron: ['0 3 * * *'],
      paused: true,
      name: 'verbs',
    },
  );
  expect(await client.resume('verbs', '')).toMatchObject({ paused: false });
  expect((await client.trigger('verbs')).fired).toBeGreaterThanOrEqual(0);
  const stretch = { from: '2026-03-01T00:00:00Z', to: '2026-03-04T00:00:00Z' };
  expect((await client.backfill('verbs', stretch)).items.map((at) => at.slice(0, 16))).toEqual([
    '2026-03-01T03:00',
    '2026-03-02T03:00',
    '2026-03-03T03:00',
  ]);
  expect((await client.next('verbs', 2, '2028-02-28T12:00:00Z')).items).toEqual([
    '2028-02-29T03:00:00.000Z',
    '2028-03-01T03:00:00.000Z',
  ]);
  expect((await client.changes('verbs')).items.map(({ verb }) => verb)).toEqual([
    'backfill',
    'trigger',
    'resume',
    'update',
    'pause',
    'create',
  ]);
  await client.remove('verbs');
  await expect(client.get('verbs')).rejects.toThrow('There is no schedule verbs.');
  expect((await client.changes('verbs')).items[0]!.verb).toBe('delete');
});

it('the future, a stretch that ends before it begins, and a leap day', async () => {
  expect(
    (await ask('POST', '/api/schedules/nightly/backfill', { from: '2099-01-01T00:00:00Z', to: '2099-01-02T00:00:00Z' }))
      .status,
  ).toBe(400);
  expect(
    (await ask('POST', '/api/schedules/nightly/backfill', { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }))
      .status,
  ).toBe(400);
  await ask('POST', '/api/schedules', { name: 'leap', cron: '0 0 29 2 *', workflow: 'run', params });
  expect((await ask('GET', '/api/schedules/leap/next?count=1')).body).toEqual({ items: ['2028-02-29T00:00:00.000Z'] });
});

it('switched off by the settings, nothing is made going and nothing goes on', async () => {
  enabled = false;
  const { body } = await ask('POST', '/api/schedules', { name: 'while-off', cron: 'daily', workflow: 'run', params });
  expect(body).toMatchObject({ paused: true, note: 'The scheduler is switched off in the settings file.' });
  expect((await ask('POST', '/api/schedules/while-off/resume', {})).status).toBe(409);
  enabled = true;
  expect((await ask('POST', '/api/schedules/while-off/resume', {})).body).toMatchObject({ paused: false });
});

/** A rollback by webhook happens once: against a real server, through the real outbox. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollBack } from '../../../activities/post-deploy/roll-back.js';
import { webhookDoor } from '../../../adapters/rollback/webhook.js';
import type { RollbackDoors, RollbackRequest } from '../../../domain/post-deploy/ports.js';
import { openTestLedger, type TestLedger } from '../../support/ledger.js';
import { type RollbackServer, startRollbackServer } from '../../support/rollback-server.js';

let opened: TestLedger;
let server: RollbackServer;
beforeAll(async () => {
  opened = await openTestLedger();
  server = await startRollbackServer();
});
afterAll(async () => {
  await server?.stop();
  await opened?.close();
});

const doors =
  (change: Partial<Parameters<typeof webhookDoor>[0]> = {}): RollbackDoors =>
  () => ({
    ...{ automatic: true, approval: 'none', approvalWithinMs: 1000 },
    ...webhookDoor({
      url: server.url,
      secret: server.secret,
      check: server.check,
      idempotent: false,
      timeoutMs: 5000,
      ...change,
    }),
  });
const request = (key: string): RollbackRequest => ({
  key,
  execution: 'wf_1',
  project: 'shop',
  environment: 'production',
  commit: 'c0ffee',
  version: 'v2',
  reason: '1 failed',
});
const timesOf = (key: string): number => server.accepted.filter((each) => each['key'] === key).length;
const roll = (key: string, found = doors(), signal = new AbortController().signal) =>
  rollBack({ doors: found, effects: opened.ledger.effects }, request(key), signal);

describe('a rollback', () => {
  it('is signed, accepted once, and not sent again by a repetition', async () => {
    expect(await roll('one')).toMatchObject({ state: 'done', reference: '/rollbacks/one' });
    expect(await roll('one')).toMatchObject({ state: 'done', reference: '/rollbacks/one' });
    expect(timesOf('one')).toBe(1);
    expect(server.accepted[0]).toMatchObject({ project: 'shop', environment: 'production', version: 'v2' });
  });

  it('whose answer was lost is found by asking, not by sending', async () => {
    server.weather = 'lost answer';
    expect(await roll('lost')).toMatchObject({ state: 'done' });
    server.weather = 'breaks';
    expect(await roll('broke')).toMatchObject({ state: 'done' });
    server.weather = 'fine';
    expect([timesOf('lost'), timesOf('broke')]).toEqual([1, 1]);
  });

  it('of a process that died before sending is sent by the next one', async () => {
    const provenance = { project: 'shop', principal: 'baton', trust: 'trusted' as const };
    await opened.ledger.effects.plan({ key: 'died', execution: null, kind: 'rollback', payload: {}, ...provenance });
    await opened.ledger.effects.begin('died');
    expect(await roll('died')).toMatchObject({ state: 'done' });
    expect(timesOf('died')).toBe(1);
  });

  it('of unknown fate is not sent twice where nobody can be asked, and says so', async () => {
    server.weather = 'lost answer';
    const blind = doors({ check: undefined });
    expect(await roll('blind', blind)).toMatchObject({ state: 'unknown' });
    server.weather = 'fine';
    expect(await roll('blind', blind)).toMatchObject({
      state: 'unknown',
      sentence: expect.stringMatching(/not sent twice/),
    });
    expect(timesOf('blind')).toBe(1);
  });

  it('waits for a side that is busy or away', async () => {
    server.weather = 'busy';
    const waiting = roll('busy');
    setTimeout(() => (server.weather = 'fine'), 1_200);
    expect(await waiting).toMatchObject({ state: 'done' });
    expect(timesOf('busy')).toBe(1);
    const port = Number(new URL(server.url).port);
    await server.stop();
    const away = roll('away');
    await new Promise((resolve) => setTimeout(resolve, 700));
    server = await startRollbackServer(port);
    expect(await away).toMatchObject({ state: 'done' });
    expect(timesOf('away')).toBe(1);
  });

  it('that is refused is told, and so is a wrong signature', async () => {
    server.weather = 'refuses';
    expect(await roll('no')).toMatchObject({
      state: 'refused',
      sentence: expect.stringMatching(/409 that version is gone/),
    });
    server.weather = 'fine';
    const wrong = doors({ secret: Buffer.from('another secret').toString('base64') });
    expect(await roll('forged', wrong)).toMatchObject({ state: 'refused', sentence: expect.stringMatching(/401/) });
    expect(await roll('none', () => undefined)).toMatchObject({ state: 'refused' });
    expect([timesOf('no'), timesOf('forged'), timesOf('none')]).toEqual([0, 0, 0]);
  });
});

import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../domain/events.js';
import { asRunner, KEYS, keysOf, openApi } from './support/api.js';
import { Ear, type Heard, listenAt, refusedStatus } from './support/live.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(change: Parameters<typeof openApi>[0] = {}) {
  const on = await openApi(change);
  closing.push(on.close);
  return on;
}

async function ear(url: string, headers: Record<string, string> = {}): Promise<Ear> {
  const one = await listenAt(url, headers);
  closing.push(() => one.socket.terminate());
  return one;
}

const status = (value: 'planning' | 'running') => ({ type: 'run_status_changed' as const, payload: { status: value } });
const ids = (heard: Heard[]) => heard.map(({ id }) => id);

describe('the protocol', () => {
  it('sends each new event in full to who subscribed', async () => {
    const on = await open();
    on.ledger.emit(status('planning'), 'run_old');
    const client = await ear(on.url);
    await client.ask({ type: 'subscribe' }, 'subscribed');
    const written = on.ledger.emit(status('running'), 'run_1');
    await client.until(() => client.events().length === 1);
    expect(client.events()).toEqual([written]);
    expect(Object.keys(client.events()[0]!)).toEqual(['type', 'payload', 'id', 'seq', 'time', 'execution', 'project']);
  });

  it('sends only the named events of the named execution', async () => {
    const on = await open();
    const client = await ear(on.url);
    await client.ask({ type: 'subscribe', events: ['run_status_changed'], execution: 'run_1' }, 'subscribed');
    const wanted = on.ledger.emit(status('planning'), 'run_1');
    on.ledger.emit(status('planning'), 'run_2');
    on.ledger.emit({ type: 'worker_status_changed', payload: { worker: 'r1', status: 'online' } });
    const last = on.ledger.emit(status('running'), 'run_1');
    await client.until(() => client.events().at(-1)?.id === last.id);
    expect(client.events()).toEqual([wanted, last]);
  });

  it('names a wrong event, says what it does not understand, and goes on', async () => {
    const on = await open();
    const client = await ear(on.url);
    const unknown = await client.ask({ type: 'subscribe', events: ['workflow_exploded'] }, 'error');
    expect(unknown.payload['message']).toBe(
      `there is no event "workflow_exploded"; there are ${EVENT_TYPES.join(', ')}`,
    );
    client.socket.send('{"type":');
    client.socket.send(Buffer.from([1, 2, 3]));
    client.say({ type: 'subscribe', color: 'red' });
    client.say({ type: 'dance' });
    await client.until((heard) => heard.length === 5);
    expect(client.heard.slice(1).map(({ type, payload }) => [type, String(payload['message']).slice(0, 24)])).toEqual([
      ['error', 'this is not JSON'],
      ['error', 'send text, not bytes'],
      ['error', 'not understood: Unrecogn'],
      ['error', 'not understood: type Inv'],
    ]);
    expect(await client.ask({ type: 'ping' }, 'pong')).toEqual({ type: 'pong', payload: {} });
  });

  it('sends nothing more after unsubscribe', async () => {
    const on = await open();
    const client = await ear(on.url);
    await client.ask({ type: 'subscribe' }, 'subscribed');
    on.ledger.emit(status('planning'), 'run_1');
    await client.until(() => client.events().length === 1);
    await client.ask({ type: 'unsubscribe' }, 'unsubscribed');
    const other = await ear(on.url);
    await other.ask({ type: 'subscribe' }, 'subscribed');
    on.ledger.emit(status('running'), 'run_1');
    await other.until(() => other.events().length === 1);
    await client.ask({ type: 'ping' }, 'pong');
    expect(client.events()).toHaveLength(1);
  });
});

describe('catching up', () => {
  it('brings what was missed and then what is new: in order, none twice, none missing, while events keep coming', async () => {
    const on = await open();
    for (let i = 0; i < 1700; i++) on.ledger.emit(status('running'), i % 2 ? 'run_1' : 'run_2');
    const client = await ear(on.url);
    client.say({ type: 'subscribe', after: 0 });
    for (let i = 0; i < 300; i++) {
      on.ledger.emit(status('planning'), 'run_1');
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(() => client.events().at(-1)?.id === on.ledger.log.at(-1)?.id);
    expect(ids(client.events())).toEqual(on.ledger.log.map(({ id }) => id));
  });

  it('continues after a lost connection with the last id, for one execution', async () => {
    const on = await open();
    const first = await ear(on.url);
    await first.ask({ type: 'subscribe', execution: 'run_1' }, 'subscribed');
    for (let i = 0; i < 5; i++) on.ledger.emit(status('planning'), 'run_1');
    await first.until(() => first.events().length === 5);
    first.socket.terminate();
    await first.closed;
    for (let i = 0; i < 700; i++) on.ledger.emit(status('running'), i % 3 ? 'run_2' : 'run_1');
    const second = await ear(on.url);
    second.say({ type: 'subscribe', execution: 'run_1', after: first.events().at(-1)!.id! });
    const all = on.ledger.log.filter(({ execution }) => execution === 'run_1');
    await second.until(() => second.events().length >= all.length - 5);
    expect([...first.events(), ...second.events()]).toEqual(all);
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, i) => i + 1));
  });

  it('reads the table once for many clients', async () => {
    const on = await open();
    const clients = await Promise.all(Array.from({ length: 30 }, () => ear(on.url)));
    await Promise.all(clients.map((client) => client.ask({ type: 'subscribe' }, 'subscribed')));
    const before = on.ledger.reads;
    for (let i = 0; i < 10; i++) {
      const { id } = on.ledger.emit(status('running'), 'run_1');
      await Promise.all(clients.map((client) => client.until(() => client.events().at(-1)?.id === id)));
    }
    // One per wake-up, and the odd one of the timer that looks every second.
    expect(on.ledger.reads - before).toBeLessThanOrEqual(25);
    // Those who come back shortly after are served from memory.
    const readsThen = on.ledger.reads;
    const late = await Promise.all(Array.from({ length: 30 }, () => ear(on.url)));
    for (const client of late) client.say({ type: 'subscribe', after: on.ledger.log[2]!.id });
    await Promise.all(late.map((client) => client.until(() => client.events().length === 7)));
    expect(on.ledger.reads - readsThen).toBeLessThanOrEqual(5);
  });

  it('sends nothing twice that the client read from the table before the process had seen it', async () => {
    const on = await open();
    for (let i = 0; i < 3; i++) on.ledger.emit(status('planning'), 'run_1');
    const early = await ear(on.url);
    await early.ask({ type: 'subscribe' }, 'subscribed');
    for (let i = 0; i < 2; i++) on.ledger.emit(status('running'), 'run_1', false);
    const late = await ear(on.url);
    late.say({ type: 'subscribe', after: 0 });
    await late.until(() => late.events().length === 5);
    on.ledger.emit(status('running'), 'run_1');
    await early.until(() => early.events().length === 3);
    await late.until(() => late.events().length >= 6);
    await late.ask({ type: 'ping' }, 'pong');
    expect(late.events()).toEqual(on.ledger.log);
  });

  it('reads the table no longer once there is nothing more of an execution', async () => {
    const on = await open();
    for (let i = 0; i < 10; i++) on.ledger.emit(status('planning'), 'run_2');
    const client = await ear(on.url);
    await client.ask({ type: 'subscribe', execution: 'run_1', after: 0 }, 'subscribed');
    const before = on.ledger.reads;
    await client.ask({ type: 'ping' }, 'pong');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(on.ledger.reads - before).toBeLessThanOrEqual(4);
    const own = on.ledger.emit(status('planning'), 'run_1');
    await client.until(() => client.events().length === 1);
    expect(client.events()).toEqual([own]);
  });

  it('is heard again when the database was away for a moment', async () => {
    const on = await open();
    const client = await ear(on.url);
    await client.ask({ type: 'subscribe' }, 'subscribed');
    on.ledger.broken = new Error('away');
    on.ledger.emit(status('planning'), 'run_1');
    await expect.poll(() => on.logged.some(({ message }) => message.startsWith('events could not be read'))).toBe(true);
    on.ledger.broken = undefined;
    await client.until(() => client.events().length === 1);
  });
});

describe('rights', () => {
  it('takes a key from the header or the first message, and closes with 4401 without one', async () => {
    const on = await open({ apiKeys: keysOf(KEYS) });
    const byHeader = await ear(on.url, { 'X-API-Key': 'key-of-vera' });
    await byHeader.ask({ type: 'subscribe' }, 'subscribed');
    const byMessage = await ear(on.url);
    expect((await byMessage.ask({ type: 'auth', token: 'key-of-vera' }, 'authenticated')).payload).toEqual({
      principal: 'vera',
    });
    await byMessage.ask({ type: 'subscribe' }, 'subscribed');
    for (const [headers, message] of [
      [{ Authorization: 'Bearer wrong' }, undefined],
      [asRunner, undefined],
      [{}, { type: 'auth', token: 'wrong' }],
      [{}, { type: 'subscribe' }],
    ] as const) {
      const refused = await ear(on.url, headers);
      if (message) refused.say(message);
      expect((await refused.closed).code).toBe(4401);
      expect(refused.events()).toEqual([]);
    }
  });

  it('refuses pages of other origins and rebound names at the door', async () => {
    const on = await open({ allowedOrigins: ['https://ci.example.org'] });
    const host = `127.0.0.1:${on.port}`;
    expect(await refusedStatus(on.url, { Origin: 'https://evil.example' })).toBe(403);
    expect(await refusedStatus(on.url, { Origin: 'null' })).toBe(403);
    expect(
      await refusedStatus(on.url, { Host: `rebound.example:${on.port}`, Origin: `http://rebound.example:${on.port}` }),
    ).toBe(403);
    expect(await refusedStatus(on.url, { Origin: `http://${host}` })).toBe(101);
    expect(await refusedStatus(on.url, { Origin: 'https://ci.example.org' })).toBe(101);
  });

  it('ends the connection of a key that was revoked', async () => {
    const keys = { ...KEYS };
    const on = await open({ apiKeys: keysOf(keys) });
    const client = await ear(on.url, { 'X-API-Key': 'key-of-vera' });
    await client.ask({ type: 'subscribe' }, 'subscribed');
    delete keys['key-of-vera'];
    const { LiveGateway } = await import('../../api/live/live.gateway.js');
    on.api.app.get(LiveGateway).lookAround();
    expect(await client.closed).toEqual({ code: 4401, reason: 'the key was revoked' });
  });
});

describe('limits', () => {
  it('closes on a message above 64 KiB and on a flood of messages', async () => {
    const on = await open();
    const large = await ear(on.url);
    large.socket.send(`{"type":"ping","x":"${'x'.repeat(65 * 1024)}"}`);
    expect((await large.closed).code).toBe(1009);
    const loud = await ear(on.url);
    for (let i = 0; i < 200; i++) loud.say({ type: 'ping' });
    expect((await loud.closed).code).toBe(1008);
  });

  it('cuts a client that never reads; others hear everything meanwhile, and it may resume', async () => {
    const on = await open();
    const deaf = connect(on.port, '127.0.0.1');
    closing.push(() => deaf.destroy());
    deaf.write(
      `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n`,
    );
    await new Promise((resolve) => deaf.once('data', resolve));
    // A masked frame (mask of zeros) of {"type":"subscribe"}; from then on nothing is read.
    const text = Buffer.from('{"type":"subscribe"}');
    deaf.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
    await new Promise((resolve) => deaf.once('data', resolve));
    deaf.pause();
    const good = await ear(on.url);
    await good.ask({ type: 'subscribe' }, 'subscribed');
    const { LiveGateway } = await import('../../api/live/live.gateway.js');
    const gateway = on.api.app.get(LiveGateway);
    expect(gateway.clients).toBe(2);
    const message = 'x'.repeat(60_000);
    for (let i = 0; i < 300; i++) {
      on.ledger.emit(
        { type: 'test_failed', payload: { batch: 'b1', stage: 1, suite: 'unit', file: 'a', name: 'n', message } },
        'run_1',
      );
      await good.until(() => good.events().length === i + 1);
    }
    await expect.poll(() => gateway.clients).toBe(1);
    expect(ids(good.events())).toEqual(on.ledger.log.map(({ id }) => id));
  }, 20_000);

  it('tells clients that it goes away', async () => {
    const on = await openApi();
    const client = await listenAt(on.url);
    await client.ask({ type: 'subscribe' }, 'subscribed');
    const [, { code }] = await Promise.all([on.close(), client.closed]);
    expect(code).toBe(1001);
  });
});

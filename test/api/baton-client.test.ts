import { afterEach, describe, expect, it } from 'vitest';
import { batonClient } from '../../adapters/http/baton-client.js';
import type { BatonEvent } from '../../domain/events.js';
import { KEYS, keysOf, openApi } from './support/api.js';
import { openProxy } from './support/flaky-proxy.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(change: Parameters<typeof openApi>[0] = {}, token?: string) {
  const on = await openApi(change);
  closing.push(on.close);
  const proxy = await openProxy(on.port);
  closing.push(proxy.shut);
  return { on, proxy, client: batonClient({ baseUrl: proxy.url, token }) };
}

const BODY = { source: { kind: 'directory' as const, dir: '/srv/shop' } };

describe('requests', () => {
  it('start, read, list and cancel', async () => {
    const { on, proxy, client } = await open();
    const run = await client.startRun(BODY);
    expect(run.links.report).toBe(`${proxy.url}/api/runs/${run.id}/report`);
    expect(await client.run(run.id)).toEqual(run);
    expect(await client.runs({ status: 'accepted', limit: 5, project: undefined })).toEqual({
      items: [run],
      nextCursor: null,
    });
    await client.cancel(run.id);
    expect(on.engine.cancelled).toEqual([run.id]);
    expect(await client.results(run.id, { status: 'failed' })).toEqual({ items: [], nextCursor: null });
    expect(await client.batches(run.id)).toEqual({ items: [] });
    expect(await client.attempts(run.id, 'abc')).toEqual({ items: [] });
    expect(await client.history('my project', 'abc')).toEqual({ items: [] });
    const { digest, bytes } = await on.artifacts.put(Buffer.from('hello'));
    await on.ledger.addArtifact(run.id, { name: 'b1/a b.log', digest, bytes, mediaType: 'text/plain' });
    await on.ledger.addArtifact(run.id, { name: 'junit.xml', digest, bytes, mediaType: 'application/xml' });
    expect((await client.artifacts(run.id)).items.map(({ name }) => name)).toEqual(['b1/a b.log', 'junit.xml']);
    expect(Buffer.from(await client.artifact(run.id, 'b1/a b.log')).toString()).toBe('hello');
    expect(Buffer.from(await client.report(run.id, 'junit')).toString()).toBe('hello');
    expect((await client.ready()).status).toBe('ready');
  });

  it('start nothing twice when an answer is lost', async () => {
    const { on, proxy, client } = await open();
    proxy.loseAnswers(2);
    const run = await client.startRun(BODY);
    expect([...on.ledger.byId.keys()]).toEqual([run.id]);
  });

  it('carry the refusal with its status and the sentence of the API', async () => {
    const { client } = await open();
    await expect(client.run('run_x')).rejects.toMatchObject({
      name: 'HttpProblem',
      status: 404,
      message: 'There is no execution run_x.',
    });
  });
});

describe('events', () => {
  it('come each once and in order across lost connections, up to the last one', async () => {
    const { on, proxy, client } = await open({ apiKeys: keysOf(KEYS) }, 'key-of-omar');
    const { id } = await client.startRun(BODY);
    const seen: BatonEvent[] = [];
    const following = (async () => {
      for await (const event of client.events(id, new AbortController().signal)) seen.push(event);
    })();
    for (let i = 0; i < 30; i++) {
      on.ledger.emit({ type: 'run_status_changed', payload: { status: 'running' } }, i % 4 ? id : 'run_other');
      if (i % 10 === 5) {
        await expect.poll(() => seen.length).toBeGreaterThan(i / 2);
        proxy.cut();
      }
    }
    on.ledger.emit(
      {
        type: 'run_finished',
        payload: {
          verdict: 'passed',
          totals: { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
          durationMs: 1,
          problem: null,
        },
      },
      id,
    );
    await following;
    expect(seen).toEqual(on.ledger.log.filter(({ execution }) => execution === id));
  });

  it('end when the signal fires, also while nobody answers', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const seen = [];
    for await (const event of batonClient({ baseUrl: 'http://127.0.0.1:9' }).events('run_1', stop.signal))
      seen.push(event);
    expect(seen).toEqual([]);
  });

  it('are refused to a wrong key, and say so', async () => {
    const { client } = await open({ apiKeys: keysOf(KEYS) }, 'wrong');
    const next = client.events('run_1', new AbortController().signal)[Symbol.asyncIterator]().next();
    await expect(next).rejects.toMatchObject({ problem: 'ConfigInvalid', message: expect.stringContaining('key') });
  });
});

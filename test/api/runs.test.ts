import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resumeAccepted } from '../../api/app.js';
import type { ProblemDocument, RunAnswer, RunPage } from '../../domain/api.schema.js';
import { aStart, type OpenApi, openApi, postJson, readAs } from './support/api.js';

let on: OpenApi;
beforeAll(async () => {
  on = await openApi();
});
afterAll(() => on.close());

const start = (headers: Record<string, string> = {}, body: unknown = aStart()) =>
  postJson(`${on.url}/api/runs`, body, headers);

describe('starting', () => {
  it('stores the execution, starts it, and says where to look', async () => {
    const answer = await start();
    expect(answer.status).toBe(202);
    const run = await readAs<RunAnswer>(answer);
    expect(run.id).toMatch(/^run_[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(on.engine.started).toContain(run.id);
    expect(run).toMatchObject({
      project: 'shop',
      principal: 'local',
      trust: 'trusted',
      status: 'accepted',
      temporalRunId: `temporal-${run.id}`,
    });
    const self = `/api/runs/${run.id}`;
    expect(run.links).toEqual({
      self,
      results: `${self}/results`,
      receipt: `${self}/receipt`,
      report: `${self}/report`,
      artifacts: `${self}/artifacts`,
      fixes: `${self}/fixes`,
      events: `${self}/events`,
      webUi: `http://127.0.0.1:8233/namespaces/default/workflows/${run.id}`,
    });
    expect(await (await fetch(on.url + self)).json()).toEqual(run);
  });

  it('gives the same execution for the same Idempotency-Key, and another for another', async () => {
    const ids = [];
    for (const key of ['push-1', 'push-1', 'push-2'])
      ids.push((await readAs<RunAnswer>(start({ 'Idempotency-Key': key }))).id);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(ids[0]).toMatch(/^run_[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  it('refuses a key that comes back with another request', async () => {
    await start({ 'Idempotency-Key': 'mixed-up' });
    const answer = await start({ 'Idempotency-Key': 'mixed-up' }, aStart('/srv/other'));
    expect(answer.status).toBe(422);
    expect((await readAs<ProblemDocument>(answer)).type).toBe('urn:baton:problem:idempotency-key-reused');
  });

  it('answers 503 while the engine is away, keeps what was accepted, and joins it when asked again', async () => {
    on.engine.away = true;
    const refused = await start({ 'Idempotency-Key': 'night' });
    on.engine.away = false;
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    const problem = await readAs<ProblemDocument>(refused);
    expect(problem.type).toBe('urn:baton:problem:engine-unavailable');
    expect(JSON.stringify(problem)).not.toContain('ECONNREFUSED');
    const waiting = await readAs<RunPage>(fetch(`${on.url}/api/runs?limit=1`));
    expect(waiting.items[0]).toMatchObject({ status: 'accepted', temporalRunId: null });
    const again = await readAs<RunAnswer>(start({ 'Idempotency-Key': 'night' }));
    expect(again.id).toBe(waiting.items[0]?.id);
    expect(on.engine.started.filter((id) => id === again.id)).toHaveLength(1);
  });

  it('starts after a crash what was accepted before it', async () => {
    const left = await on.ledger.createRun(
      'run_left',
      { ...aStart(), options: { bail: false }, priority: 'medium' } as never,
      { principal: 'local', project: 'shop', trust: 'trusted' },
    );
    const done = await on.ledger.createRun(
      'run_done',
      { ...aStart(), options: { bail: false }, priority: 'medium' } as never,
      { principal: 'local', project: 'shop', trust: 'trusted' },
    );
    on.ledger.finish(done.id);
    const resumed = await resumeAccepted(on.ledger, on.engine);
    expect(resumed.started).toContain(left.id);
    expect(resumed.started).not.toContain(done.id);
    expect(resumed.failed).toEqual([]);
    on.engine.away = true;
    const failed = await resumeAccepted(on.ledger, on.engine);
    on.engine.away = false;
    expect(failed.started).toEqual([]);
    expect(failed.failed.find(({ id }) => id === left.id)?.message).toContain('ECONNREFUSED');
  });
});

describe('cancelling', () => {
  it('asks the engine, and says 409 when there is nothing to cancel any more', async () => {
    const { id } = await readAs<RunAnswer>(start());
    const first = await fetch(`${on.url}/api/runs/${id}/cancel`, { method: 'POST' });
    expect(first.status).toBe(202);
    expect(on.engine.cancelled).toEqual([id]);
    on.ledger.finish(id, 'cancelled');
    const second = await fetch(`${on.url}/api/runs/${id}/cancel`, { method: 'POST' });
    expect(second.status).toBe(409);
    expect(await second.json()).toMatchObject({
      type: 'urn:baton:problem:already-finished',
      detail: expect.stringContaining('cancelled'),
    });
    expect(on.engine.cancelled).toEqual([id]);
  });
});

describe('listing', () => {
  it('walks pages with the cursor, newest first, and each execution comes once', async () => {
    for (let i = 0; i < 5; i++) await start({}, { ...aStart(), project: 'paged' });
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: RunPage = await readAs<RunPage>(
        fetch(`${on.url}/api/runs?project=paged&limit=2${cursor && `&cursor=${cursor}`}`),
      );
      seen.push(...page.items.map((run) => run.id));
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });

  it.each(['limit=0', 'limit=201', 'limit=two', 'status=done', 'cursor=!', 'color=red', 'project=a&project=b'])(
    'refuses ?%s',
    async (query) => {
      const answer = await fetch(`${on.url}/api/runs?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    },
  );
});

/** What holds for events, keys, effects and retention, on any engine. */
import { expect, test } from 'vitest';
import { aChunk, anEnd, anExecution, aResult, aRow, finish, type Subject } from './scenario.js';

const TOTALS = { passed: 0, failed: 1, skipped: 0, flaky: 0, notRun: 0 };
const VERDICT = { verdict: 'failed', totals: TOTALS, problem: null, notes: [], sentence: '1 failed' } as const;

export function eventBehaviour(subject: () => Subject): void {
  const ledger = () => subject().ledger;

  test('the story of a batch is told in order, with counts so far', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(
      aChunk(id, {
        results: [aRow('a.test.ts', 'one'), aRow('a.test.ts', 'two', 'failed')],
        fileEnds: [anEnd('a.test.ts', 2)],
      }),
    );
    await finish(ledger(), id, 1, 'failed');
    const events = await ledger().events(0, 100, id);
    expect(events.slice(2).map(({ type, payload }) => ({ type, payload }))).toEqual([
      {
        type: 'batch_started',
        payload: { batch: 'b1', suite: 'unit', stage: 1, files: 1, runner: 'runner-1', fence: 1 },
      },
      {
        type: 'test_failed',
        payload: { batch: 'b1', stage: 1, suite: 'unit', file: 'a.test.ts', name: 'two', message: 'two failed' },
      },
      {
        type: 'results_recorded',
        payload: {
          batch: 'b1',
          stage: 1,
          runner: 'runner-1',
          passed: 1,
          failed: 1,
          skipped: 0,
          filesEnded: 1,
          lastTest: 'two',
        },
      },
      {
        type: 'batch_finished',
        payload: {
          batch: 'b1',
          suite: 'unit',
          stage: 1,
          runner: 'runner-1',
          outcome: 'failed',
          durationMs: 1234,
          message: 'it was failed',
        },
      },
    ]);
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await ledger().events(events[3]!.id, 2, id)).toEqual(events.slice(4, 6));
  });

  test('at most 200 failures of an execution become events; all of them are stored', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    for (const seq of [1, 2, 3]) {
      const results = Array.from({ length: 150 }, (_, i) => aRow('a.test.ts', `test ${seq}-${i}`, 'failed'));
      await ledger().record(aChunk(id, { seq, results }));
    }
    const types = (await ledger().events(0, 1000, id)).map((event) => event.type);
    expect(types.filter((type) => type === 'test_failed')).toHaveLength(200);
    expect(types.filter((type) => type === 'results_recorded')).toHaveLength(3);
    expect(await ledger().attempts(id)).toHaveLength(450);
  });

  test('an event of no execution has no sequence number', async () => {
    const [last = { id: 0 }] = (await ledger().events(0, 10_000)).slice(-1);
    await ledger().appendEvent(
      { type: 'worker_status_changed', payload: { worker: 'r1', status: 'lost' } },
      { execution: null, project: null },
    );
    expect(await ledger().events(last.id, 10)).toMatchObject([
      { type: 'worker_status_changed', execution: null, seq: null, payload: { worker: 'r1', status: 'lost' } },
    ]);
  });

  test('a listener is told after the commit, until it stops listening', async () => {
    const seen: number[] = [];
    const stop = ledger().onEvents(() => seen.push(seen.length));
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    expect(seen.length).toBeGreaterThan(0);
    stop();
    const before = seen.length;
    await ledger().updateRun(id, { status: 'running' });
    expect(seen).toHaveLength(before);
  });

  test('a reader that follows while many write misses nothing and sees ids only rise', async () => {
    const files = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`b${i + 1}`, [`${i}.test.ts`]]));
    const id = await anExecution(ledger(), files);
    let after = 0;
    let writing = true;
    const seen: number[] = [];
    const reader = (async () => {
      for (let last = false; !last; ) {
        last = !writing;
        const events = await ledger().events(after, 50, id);
        seen.push(...events.map((event) => event.seq ?? -1));
        after = events.at(-1)?.id ?? after;
        if (events.length === 50) last = false;
      }
    })();
    await Promise.all(
      Object.keys(files).map(async (batch, i) => {
        await ledger().beginBatch(id, batch, 'runner-1');
        for (let seq = 1; seq <= 10; seq++) {
          await ledger().record(aChunk(id, { batch, seq, results: [aRow(`${i}.test.ts`, `t${seq}`, 'failed')] }));
        }
      }),
    );
    writing = false;
    await reader;
    const expected = 2 + 6 + 6 * 10 * 2;
    expect(seen).toEqual(Array.from({ length: expected }, (_, i) => i + 1));
  });

  test('a key opens until it is revoked or expires, and only the whole key does', async () => {
    const { keys } = ledger();
    const { key, prefix } = await keys.create({ name: 'ci', role: 'viewer', project: 'shop' });
    expect(await keys.verify(key)).toMatchObject({ prefix, name: 'ci', role: 'viewer', project: 'shop' });
    const other = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    for (const wrong of [other, `${key}x`, '', prefix, 'baton_'.padEnd(62, '0')])
      expect(await keys.verify(wrong)).toBeUndefined();
    expect((await keys.list()).find((each) => each.prefix === prefix)?.lastUsedAt).not.toBeNull();
    expect(JSON.stringify(await subject().query('SELECT * FROM api_keys'))).not.toContain(key.slice(-43));
    expect(await keys.revoke(prefix)).toBe(true);
    expect(await keys.revoke(prefix)).toBe(false);
    expect(await keys.verify(key)).toBeUndefined();
    const old = await keys.create({
      name: 'old',
      role: 'viewer',
      expiresAt: new Date(Date.now() - 1000).toISOString(),
    });
    expect(await keys.verify(old.key)).toBeUndefined();
  });

  test('an effect is planned once, and says when somebody may have done it already', async () => {
    const { effects } = ledger();
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    const key = `${id}/status/success`;
    const effect = {
      key,
      execution: id,
      kind: 'commit-status',
      payload: { state: 'success' },
      principal: 'local',
      project: 'shop',
      trust: 'trusted',
    } as const;
    const planned = await effects.plan(effect);
    expect(planned).toEqual({
      key,
      execution: id,
      kind: 'commit-status',
      state: 'planned',
      payload: { state: 'success' },
      attempts: 0,
      reference: null,
    });
    expect(await effects.plan({ ...effect, payload: { state: 'failure' } })).toEqual(planned);
    expect(await effects.begin(key)).toMatchObject({ state: 'planned', attempts: 0 });
    expect(await effects.begin(key)).toMatchObject({ state: 'sent', attempts: 1 });
    await effects.settle(key, 'unknown');
    expect(await effects.open(1000)).toContainEqual(expect.objectContaining({ key, state: 'unknown', attempts: 2 }));
    await effects.settle(key, 'confirmed', 'https://example.org/1');
    await effects.settle(key, 'unknown');
    expect(await effects.begin(key)).toMatchObject({
      state: 'confirmed',
      reference: 'https://example.org/1',
      attempts: 2,
    });
    await expect(effects.begin('nothing')).rejects.toThrow('plan it first');
  });

  test('old raw results go first, everything else later, and open executions stay', async () => {
    const [fresh, raw, gone, open] = await Promise.all(
      [1, 2, 3, 4].map(() => anExecution(ledger(), { b1: ['a.test.ts'] })),
    );
    for (const id of [fresh!, raw!, gone!, open!]) {
      await ledger().beginBatch(id, 'b1', 'runner-1');
      await ledger().record(
        aChunk(id, { results: [aRow('a.test.ts', 'one', 'failed')], fileEnds: [anEnd('a.test.ts', 1)] }),
      );
      await finish(ledger(), id, 1, 'failed');
      await ledger().addArtifact(id, { name: 'x', digest: `sha256:${'e'.repeat(64)}`, bytes: 1, mediaType: 'x/y' });
      if (id === open) continue;
      await ledger().storeVerdict(id, VERDICT, [aResult('a.test.ts', 'one', 'failed')]);
      await ledger().finishRun(id);
    }
    const age = (id: string, days: number) =>
      subject().query(
        `UPDATE runs SET created_at = created_at - $2 * interval '1 day', ended_at = ended_at - $2 * interval '1 day' WHERE id = $1`,
        [id, days],
      );
    await age(raw!, 31);
    await age(gone!, 400);
    await age(open!, 400);
    const deleted = await ledger().retain(30, 365);
    expect(deleted).toBeGreaterThanOrEqual(3 + 3 + 8);
    const left = async (id: string) => ({
      run: (await ledger().run(id)) !== undefined,
      raw: (await ledger().attempts(id)).length,
      counted: (await ledger().results(id, { limit: 10 })).items.length,
      events: (await ledger().events(0, 100, id)).length > 0,
      artifacts: (await ledger().artifacts(id)).length,
    });
    expect(await left(fresh!)).toEqual({ run: true, raw: 1, counted: 1, events: true, artifacts: 1 });
    expect(await left(raw!)).toEqual({ run: true, raw: 0, counted: 1, events: true, artifacts: 1 });
    expect(await left(gone!)).toEqual({ run: false, raw: 0, counted: 0, events: false, artifacts: 0 });
    expect(await left(open!)).toEqual({ run: true, raw: 1, counted: 0, events: true, artifacts: 1 });
    expect(await ledger().retain(30, 365)).toBe(0);
    await expect(ledger().retain(30, 7)).rejects.toThrow('the second may not be smaller');
  });
}

/** Going back in the ledger: nothing counts twice, nothing of a finished execution changes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPlan } from '../../support/builders.js';
import { openTestLedger, type TestLedger } from '../../support/ledger.js';
import { aChunk, anEnd, anExecution, anId, aProvenance, aRequest, aResult, aRow, finish, namesOf } from './scenario.js';
import { anEvidence } from '../../support/builders.js';

let db: TestLedger;
beforeAll(async () => {
  db = await openTestLedger();
});
afterAll(() => db?.close());

/** Two batches; each has begun, stored its one test and is final. */
async function twoFinal(): Promise<string> {
  const id = await anExecution(db.ledger, { b1: ['a.ts'], b2: ['b.ts'] });
  for (const [batch, file] of [
    ['b1', 'a.ts'],
    ['b2', 'b.ts'],
  ] as const) {
    const { fence } = await db.ledger.beginBatch(id, batch, 'runner-1');
    await db.ledger.record(
      aChunk(id, { batch, fence, results: [aRow(file, `test of ${file}`)], fileEnds: [anEnd(file, 1)] }),
    );
    await db.ledger.finishBatch(
      id,
      batch,
      fence,
      'runner-1',
      { ...anEvidence('passed'), filesExpected: 1, filesEnded: 1, tests: 1 },
      10,
    );
  }
  return id;
}

describe('an open execution that is set back', () => {
  it('keeps what lies before the point and supersedes the rest, which then counts once', async () => {
    const id = await twoFinal();
    await db.ledger.travel.resetRun(id, { to: 'b2', kept: ['b1'], stage: 1 });
    expect(namesOf(await db.ledger.attempts(id))).toEqual(['test of a.ts']);
    const before = await db.ledger.beginBatch(id, 'b1', 'runner-2');
    expect(before.final?.outcome).toBe('passed');
    const again = await db.ledger.beginBatch(id, 'b2', 'runner-2');
    expect(again).toMatchObject({ final: null, filesDone: [] });
    await db.ledger.record(
      aChunk(id, {
        batch: 'b2',
        fence: again.fence,
        results: [aRow('b.ts', 'test of b.ts')],
        fileEnds: [anEnd('b.ts', 1)],
      }),
    );
    const attempts = await db.ledger.attempts(id);
    expect(namesOf(attempts)).toEqual(['test of a.ts', 'test of b.ts']);
    const all = await db.ledger.attemptsOf(id, attempts[1]!.testId);
    expect(all.map((a) => a.superseded)).toEqual([true, false]);
  });

  it('refuses whatever an attempt from before the reset still says', async () => {
    const id = await anExecution(db.ledger, { b1: ['a.ts'] });
    const { fence } = await db.ledger.beginBatch(id, 'b1', 'runner-1');
    await db.ledger.travel.resetRun(id, { to: 'running', kept: [], stage: 1 });
    const late = aChunk(id, { fence, results: [aRow('a.ts', 'late')], fileEnds: [anEnd('a.ts', 1)] });
    await expect(db.ledger.record(late)).rejects.toThrow(/taken over/);
    await expect(finish(db.ledger, id, fence)).rejects.toThrow(/taken over/);
    expect(await db.ledger.attempts(id)).toEqual([]);
  });

  it('forgets later stages; a batch that comes back under an old id refuses the old attempt', async () => {
    const id = await twoFinal();
    const stage = [{ ...aPlan({ b3: ['a.ts'] }).batches[0]!, id: 'b3', stage: 2, exclusive: true }];
    await db.ledger.addStage(id, 2, stage, 'again');
    const old = await db.ledger.beginBatch(id, 'b3', 'runner-1');
    await db.ledger.travel.resetRun(id, { to: 'settling', kept: ['b1', 'b2'], stage: 1 });
    expect((await db.ledger.batches(id)).map((b) => b.batch)).toEqual(['b1', 'b2']);
    await db.ledger.addStage(id, 2, stage, 'again');
    await db.ledger.beginBatch(id, 'b3', 'runner-2');
    const late = aChunk(id, {
      batch: 'b3',
      fence: old.fence,
      results: [aRow('a.ts', 'late', 'passed', { attempt: 2 })],
    });
    await expect(db.ledger.record(late)).rejects.toThrow(/taken over/);
  });

  it('is planned again when it goes back to planning', async () => {
    const id = await twoFinal();
    const run = await db.ledger.travel.resetRun(id, { to: 'planning', kept: [], stage: 0 });
    expect(run.status).toBe('planning');
    expect(await db.ledger.planDigest(id)).toBeNull();
    const digest = `sha256:${'1'.repeat(64)}`;
    expect(await db.ledger.storePlan(id, digest, aPlan({ b1: ['a.ts'] }))).toEqual({ planDigest: digest });
  });
});

describe('a finished execution', () => {
  const finished = async (): Promise<string> => {
    const id = await twoFinal();
    const totals = { passed: 2, failed: 0, skipped: 0, flaky: 0, notRun: 0 };
    const results = [
      aResult('a.ts', 'test of a.ts', 'passed'),
      aResult('b.ts', 'test of b.ts', 'passed', { batch: 'b2' }),
    ];
    await db.ledger.storeVerdict(id, { verdict: 'passed', totals, problem: null, notes: [], sentence: '' }, results);
    await db.ledger.finishRun(id);
    return id;
  };

  it('never changes: a reset of it is refused', async () => {
    const id = await finished();
    await expect(db.ledger.travel.resetRun(id, { to: 'running', kept: [], stage: 1 })).rejects.toThrow(/never changes/);
    expect(namesOf(await db.ledger.attempts(id))).toHaveLength(2);
  });

  it('hands over what lies before the point, and what was observed once is in the history of a test once', async () => {
    const old = await finished();
    const id = anId();
    const origin = { kind: 'reset' as const, resetOf: old, to: 'b2', stage: 1, lanes: 2, kept: ['b1'] };
    await db.ledger.createRun(id, aRequest(), aProvenance(), origin);
    await db.ledger.travel.takeOver(id, old, { to: 'b2', kept: ['b1'], stage: 1 });
    await db.ledger.travel.takeOver(id, old, { to: 'b2', kept: ['b1'], stage: 1 });
    expect((await db.ledger.run(id))?.origin).toEqual(origin);
    expect(namesOf(await db.ledger.attempts(id))).toEqual(['test of a.ts']);
    expect((await db.ledger.batches(id)).map((b) => [b.batch, b.state])).toEqual([
      ['b1', 'final'],
      ['b2', 'open'],
    ]);
    expect(namesOf(await db.ledger.attempts(old))).toHaveLength(2);
    const totals = { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 1 };
    const taken = aResult('a.ts', 'test of a.ts', 'passed');
    await db.ledger.storeVerdict(id, { verdict: 'incomplete', totals, problem: null, notes: [], sentence: '' }, [
      taken,
    ]);
    await db.ledger.finishRun(id);
    const history = await db.ledger.history('shop', taken.testId, 100);
    expect(history.map((h) => h.execution)).toContain(old);
    expect(history.map((h) => h.execution)).not.toContain(id);
  });

  it('whose single results are past their retention says so', async () => {
    const old = await finished();
    await db.ledger.retain(0, 365);
    const id = anId();
    await db.ledger.createRun(id, aRequest(), aProvenance());
    await expect(db.ledger.travel.takeOver(id, old, { to: 'b2', kept: ['b1'], stage: 1 })).rejects.toThrow(/retention/);
  });
});

describe('what holds an execution up', () => {
  const stuck = {
    since: '2026-01-01T00:00:00.000Z',
    reason: 'no_poller' as const,
    message: 'nobody polls',
    advice: 'start one',
  };
  it('is told once, and cleared once', async () => {
    const id = await anExecution(db.ledger, { b1: ['a.ts'] });
    expect(await db.ledger.travel.setStuck(id, stuck)).toBe(true);
    expect(await db.ledger.travel.setStuck(id, { ...stuck, since: '2026-01-01T00:00:09.000Z' })).toBe(false);
    expect((await db.ledger.run(id))?.stuck).toEqual(stuck);
    expect(await db.ledger.travel.setStuck(id, null)).toBe(true);
    expect(await db.ledger.travel.setStuck(id, null)).toBe(false);
    expect((await db.ledger.run(id))?.stuck).toBeUndefined();
    const events = await db.ledger.events(0, 1000, id);
    expect(events.filter((e) => e.type === 'run_stuck_changed').map((e) => e.payload)).toEqual([
      { stuck },
      { stuck: null },
    ]);
  });
});

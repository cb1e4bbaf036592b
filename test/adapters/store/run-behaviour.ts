/** What holds for executions, verdicts, pages, learning and forgetting, on any engine. */
import { expect, test } from 'vitest';
import { NotFound } from '../../../domain/ports.js';
import { aPlan, aSuite } from '../../support/builders.js';
import {
  aChunk,
  anEnd,
  anExecution,
  anId,
  aProvenance,
  aRequest,
  aResult,
  aRow,
  finish,
  type Subject,
} from './scenario.js';

const TOTALS = { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 0 };
const VERDICT = { verdict: 'passed', totals: TOTALS, problem: null, notes: ['judged'], sentence: '1 passed' } as const;

export function runBehaviour(subject: () => Subject): void {
  const ledger = () => subject().ledger;

  test('an execution is created once, whoever asks again', async () => {
    const id = anId();
    const run = await ledger().createRun(id, aRequest(), aProvenance());
    expect(run).toMatchObject({
      id,
      project: 'shop',
      principal: 'local',
      trust: 'trusted',
      status: 'accepted',
      verdict: null,
      notes: [],
      startedAt: null,
    });
    const again = await Promise.all(
      [1, 2, 3].map(() => ledger().createRun(id, aRequest({ priority: 'high' }), aProvenance('other'))),
    );
    expect(again).toEqual([run, run, run]);
    expect(await ledger().run(id)).toEqual(run);
    expect(await ledger().run('nobody')).toBeUndefined();
    expect((await ledger().events(0, 10, id)).map(({ type, seq, payload }) => ({ type, seq, payload }))).toEqual([
      { type: 'run_accepted', seq: 1, payload: { project: 'shop', principal: 'local' } },
    ]);
  });

  test('a status only moves forward, and a finished run never changes', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    expect(await ledger().updateRun(id, { status: 'running', temporalRunId: 't1' })).toMatchObject({
      status: 'running',
      temporalRunId: 't1',
    });
    const running = await ledger().updateRun(id, { status: 'planning', note: 'serial: database' });
    expect(running).toMatchObject({ status: 'running', notes: ['serial: database'] });
    expect(await ledger().updateRun(id, { note: 'serial: database' })).toEqual(running);
    await expect(ledger().updateRun(id, { status: 'finished' })).rejects.toThrow('finished by finishRun');
    await expect(ledger().finishRun(id)).rejects.toThrow('it has no verdict yet');
    await ledger().storeVerdict(id, VERDICT, [aResult('a.test.ts', 'one', 'passed')]);
    const finished = await ledger().finishRun(id);
    expect(finished).toMatchObject({
      status: 'finished',
      verdict: 'passed',
      totals: TOTALS,
      notes: ['serial: database', 'judged'],
      sentence: '1 passed',
    });
    expect(finished.durationMs).toBeGreaterThanOrEqual(0);
    expect(await ledger().finishRun(id)).toEqual(finished);
    expect(await ledger().updateRun(id, { status: 'settling', note: 'x', temporalRunId: 't2' })).toEqual(finished);
    const events = await ledger().events(0, 100, id);
    expect(events.map((event) => event.type)).toEqual([
      'run_accepted',
      'run_planned',
      'run_status_changed',
      'run_finished',
    ]);
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4]);
    await expect(ledger().updateRun('nobody', { note: 'x' })).rejects.toThrow(NotFound);
  });

  test('a verdict is stored once; the later one gets the first as its answer', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    const first = await ledger().storeVerdict(id, VERDICT, [aResult('a.test.ts', 'one', 'passed')]);
    expect(first).toEqual(VERDICT);
    const other = { ...VERDICT, verdict: 'failed', totals: { ...TOTALS, failed: 1 } } as const;
    expect(await ledger().storeVerdict(id, other, [aResult('a.test.ts', 'two', 'failed')])).toEqual(first);
    expect((await ledger().results(id, { limit: 10 })).items).toEqual([aResult('a.test.ts', 'one', 'passed')]);
  });

  test('the database itself refuses green with tests that did not run, and words that are not on the list', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    const bad = { ...VERDICT, totals: { ...TOTALS, notRun: 1 } };
    await expect(ledger().storeVerdict(id, bad, [])).rejects.toThrow('check constraint');
    await expect(subject().query(`UPDATE runs SET status = 'done' WHERE id = $1`, [id])).rejects.toThrow(
      'check constraint',
    );
    expect(await ledger().run(id)).toMatchObject({ verdict: null, status: 'accepted' });
  });

  test('a plan and a stage are stored once', async () => {
    const id = anId();
    await ledger().createRun(id, aRequest(), aProvenance('guess'));
    expect(await ledger().planDigest(id)).toBeNull();
    const plan = aPlan({ b1: ['a.test.ts'], b2: ['b.test.ts'] }, [aSuite()], {
      project: 'named-by-itself',
      commit: 'abc',
      branch: 'main',
      dirty: true,
      notes: ['n'],
    });
    expect(await ledger().storePlan(id, 'sha256:1', plan)).toEqual({ planDigest: 'sha256:1' });
    expect(await ledger().storePlan(id, 'sha256:2', aPlan({ b9: ['z'] }))).toEqual({ planDigest: 'sha256:1' });
    expect(await ledger().planDigest(id)).toBe('sha256:1');
    expect(await ledger().run(id)).toMatchObject({
      project: 'named-by-itself',
      commit: 'abc',
      branch: 'main',
      dirty: true,
      expectedFiles: 2,
      notes: ['n'],
    });
    const rerun = [{ ...plan.batches[0]!, id: 'b3', stage: 2, exclusive: true, tests: [['one']] }];
    expect(await ledger().addStage(id, 2, rerun, 'one failed')).toEqual(rerun);
    expect(await ledger().addStage(id, 2, [{ ...rerun[0]!, id: 'b4' }], 'again')).toEqual(rerun);
    expect(
      (await ledger().batches(id)).map(({ batch, stage, state, fence, exclusive }) => [
        batch,
        stage,
        state,
        fence,
        exclusive,
      ]),
    ).toEqual([
      ['b1', 1, 'open', 0, false],
      ['b2', 1, 'open', 0, false],
      ['b3', 2, 'open', 0, true],
    ]);
    expect((await ledger().events(0, 10, id)).map((event) => event.type)).toEqual([
      'run_accepted',
      'run_planned',
      'stage_planned',
    ]);
  });

  test('a project that was asked for is not renamed by what the checkout says', async () => {
    const id = anId();
    await ledger().createRun(id, aRequest({ project: 'asked' }), aProvenance('asked'));
    await ledger().storePlan(id, 'sha256:1', aPlan({ b1: ['a'] }, [aSuite()], { project: 'other' }));
    expect(await ledger().run(id)).toMatchObject({ project: 'asked' });
  });

  test('lists are paged without a gap or a repeat, newest first, and filtered', async () => {
    const project = anId('project');
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) {
      const id = anId();
      ids.unshift(id);
      await ledger().createRun(id, aRequest({ project }), aProvenance(project));
      await ledger().storePlan(
        id,
        'd',
        aPlan({}, [aSuite()], { commit: `c0ffee${i}`, branch: i % 2 ? 'main' : 'dev' }),
      );
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await ledger().runs({ project, limit: 3, cursor });
      seen.push(...page.items.map((run) => run.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(ids);
    const only = async (filter: object) =>
      (await ledger().runs({ project, limit: 50, ...filter })).items.map((run) => ids.length - 1 - ids.indexOf(run.id));
    expect(await only({ branch: 'main' })).toEqual([5, 3, 1]);
    expect(await only({ commit: 'c0ffee4' })).toEqual([4]);
    expect(await only({ commit: 'c0ffee%' })).toEqual([]);
    expect(await only({ status: 'running' })).toEqual([]);
    expect(await only({ verdict: 'passed' })).toEqual([]);
    for (const bad of [
      '',
      'x',
      Buffer.from('results:1').toString('base64url'),
      Buffer.from('runs:-1').toString('base64url'),
      Buffer.from('runs:1e3').toString('base64url'),
    ]) {
      await expect(ledger().runs({ project, limit: 3, cursor: bad })).rejects.toMatchObject({
        name: 'BadCursor',
        status: 400,
      });
    }
  });

  test('results are paged and filtered; a name is text, not a pattern', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    const results = [
      aResult('a.test.ts', '100% Ärger', 'passed'),
      aResult('a.test.ts', '100 times', 'failed'),
      aResult('b.test.ts', 'under_score', 'skipped'),
      aResult('b.test.ts', '(file)', 'not_run', { kind: 'file', runner: null, batch: null, durationMs: null }),
    ];
    const totals = { passed: 1, failed: 1, skipped: 1, flaky: 0, notRun: 1 };
    await ledger().storeVerdict(id, { ...VERDICT, verdict: 'failed', totals }, results);
    const first = await ledger().results(id, { limit: 3 });
    const second = await ledger().results(id, { limit: 3, cursor: first.nextCursor ?? '' });
    expect([...first.items, ...second.items]).toEqual(results);
    expect(second.nextCursor).toBeNull();
    const names = async (filter: object) =>
      (await ledger().results(id, { limit: 10, ...filter })).items.map((each) => each.name);
    expect(await names({ name: '0% är' })).toEqual(['100% Ärger']);
    expect(await names({ name: 'R_S' })).toEqual(['under_score']);
    expect(await names({ name: '_' })).toEqual(['under_score']);
    expect(await names({ status: 'failed' })).toEqual(['100 times']);
    expect(await names({ file: 'b.test.ts', suite: 'unit' })).toEqual(['under_score', '(file)']);
    await expect(ledger().results(id, { limit: 3, cursor: 'runs' })).rejects.toMatchObject({ name: 'BadCursor' });
  });

  test('history, durations, traits and the last number of tests are learned from finished executions', async () => {
    const project = anId('project');
    const one = aResult('a.test.ts', 'one', 'passed');
    const ids: string[] = [];
    for (const [durationMs, status] of [
      [100, 'passed'],
      [200, 'failed'],
    ] as const) {
      const id = await anExecution(ledger(), { b1: ['a.test.ts', 'b.test.ts'] }, project);
      ids.push(id);
      await ledger().beginBatch(id, 'b1', 'runner-1');
      await ledger().record(
        aChunk(id, {
          results: [aRow('a.test.ts', 'one', status), aRow('b.test.ts', 'two', 'passed', { durationMs: 7 })],
          fileEnds: [anEnd('a.test.ts', 1, { durationMs }), anEnd('b.test.ts', 1, { durationMs: null })],
        }),
      );
      await finish(ledger(), id, 1, status);
      const totals = { ...TOTALS, passed: status === 'passed' ? 1 : 0, failed: status === 'failed' ? 1 : 0 };
      await ledger().storeVerdict(
        id,
        { ...VERDICT, verdict: status, totals },
        [{ ...one, status }, aResult('c.test.ts', 'gone', 'not_run')].slice(0, status === 'passed' ? 1 : 2),
      );
      await ledger().learnDurations(id);
      await ledger().learnDurations(id);
      await ledger().finishRun(id);
    }
    expect(await ledger().durations(project)).toEqual([
      { suite: 'unit', file: 'a.test.ts', meanMs: 130, samples: 2 },
      { suite: 'unit', file: 'b.test.ts', meanMs: 7, samples: 2 },
    ]);
    const history = await ledger().history(project, one.testId, 10);
    expect(
      history.map(({ execution, status, durationMs, attempts }) => ({ execution, status, durationMs, attempts })),
    ).toEqual([
      { execution: ids[1], status: 'failed', durationMs: 5, attempts: 1 },
      { execution: ids[0], status: 'passed', durationMs: 5, attempts: 1 },
    ]);
    expect(await ledger().history(project, one.testId, 1)).toHaveLength(1);
    const next = await anExecution(ledger(), { b1: ['a.test.ts'] }, project);
    expect(await ledger().lastSeen(project, next)).toEqual([{ suite: 'unit', tests: 1, execution: ids[1] }]);
    expect(await ledger().lastSeen('another', next)).toEqual([]);
    await ledger().setSuiteTrait(project, { suite: 'unit', serial: true, reason: 'port 3000' });
    await ledger().setSuiteTrait(project, { suite: 'unit', serial: true, reason: 'database' });
    expect(await ledger().suiteTraits(project)).toEqual([{ suite: 'unit', serial: true, reason: 'database' }]);
  });

  test('artifacts are named once in an execution, and all digests in use are known', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    const digest = (c: string) => `sha256:${c.repeat(64)}`;
    await ledger().addArtifact(id, {
      name: 'report.html',
      digest: digest('a'),
      bytes: 5_000_000_000,
      mediaType: 'text/html',
    });
    await ledger().addArtifact(id, { name: 'report.html', digest: digest('b'), bytes: 2, mediaType: 'text/html' });
    await ledger().addArtifact(id, { name: 'big', digest: digest('c'), bytes: 5_000_000_000, mediaType: 'x/y' });
    expect(await ledger().artifacts(id)).toEqual([
      { name: 'big', digest: digest('c'), bytes: 5_000_000_000, mediaType: 'x/y' },
      { name: 'report.html', digest: digest('b'), bytes: 2, mediaType: 'text/html' },
    ]);
    await expect(
      ledger().addArtifact('nobody', { name: 'x', digest: digest('d'), bytes: 1, mediaType: 'x/y' }),
    ).rejects.toThrow(NotFound);
    const kept = await ledger().keptDigests();
    expect([digest('a'), digest('b'), digest('c'), digest('0'), digest('d')].map((each) => kept.has(each))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });
}

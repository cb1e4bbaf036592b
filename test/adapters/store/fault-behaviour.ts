/** A change that fails before its commit never happened; one whose answer is lost can be asked for again. */
import { expect, test } from 'vitest';
import { aChunk, anEnd, anExecution, aResult, aRow, finish, type Subject } from './scenario.js';

const VERDICT = {
  verdict: 'passed',
  totals: { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
  problem: null,
  notes: [],
  sentence: '',
} as const;

export function faultBehaviour(subject: () => Subject): void {
  const ledger = () => subject().ledger;

  /** The whole state of an execution, as readers see it. */
  const look = async (id: string) => ({
    run: await ledger().run(id),
    batches: await ledger().batches(id),
    attempts: await ledger().attempts(id),
    results: await ledger().results(id, { limit: 100 }),
    events: await ledger().events(0, 1000, id),
  });

  const steps: readonly (readonly [string, (id: string) => Promise<unknown>])[] = [
    ['ledger.update', (id) => ledger().updateRun(id, { status: 'running' })],
    [
      'ledger.record',
      (id) => ledger().record(aChunk(id, { results: [aRow('a.test.ts', 'one')], fileEnds: [anEnd('a.test.ts', 1)] })),
    ],
    ['ledger.finish', (id) => finish(ledger(), id, 1)],
    ['ledger.verdict', (id) => ledger().storeVerdict(id, VERDICT, [aResult('a.test.ts', 'one', 'passed')])],
    ['ledger.learn', (id) => ledger().learnDurations(id)],
    ['ledger.finish-run', (id) => ledger().finishRun(id)],
  ];

  test('at every step of an execution', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    for (const [point, step] of steps) {
      const before = await look(id);
      subject().failAt(`${point}.before-commit`);
      await expect(step(id), point).rejects.toThrow(`fault at ${point}.before-commit`);
      expect(await look(id), point).toEqual(before);
      subject().failAt(`${point}.after-commit`);
      await expect(step(id), point).rejects.toThrow(`fault at ${point}.after-commit`);
      const after = await look(id);
      const answer = await step(id);
      expect(await look(id), point).toEqual(after);
      expect(await step(id), point).toEqual(answer);
    }
    expect((await look(id)).events.map((event) => event.type)).toEqual([
      'run_accepted',
      'run_planned',
      'batch_started',
      'run_status_changed',
      'results_recorded',
      'batch_finished',
      'run_finished',
    ]);
  });

  test('a beginning whose answer is lost costs a fence number and nothing else', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    subject().failAt('ledger.begin.after-commit');
    await expect(ledger().beginBatch(id, 'b1', 'runner-1')).rejects.toThrow('fault at');
    expect(await ledger().beginBatch(id, 'b1', 'runner-1')).toMatchObject({ fence: 2, filesDone: [] });
  });
}

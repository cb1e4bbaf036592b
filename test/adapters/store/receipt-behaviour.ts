/** The receipt beside the verdict, and the secret of an attempt. */
import { describe, expect, test } from 'vitest';
import { TicketRefused } from '../../../domain/proof.js';
import { anEvidence } from '../../support/builders.js';
import { aChunk, anEnd, anExecution, aResult, aRow, type Subject } from './scenario.js';

const TOTALS = { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 0 };
const VERDICT = { verdict: 'passed', totals: TOTALS, problem: null, notes: [], sentence: '1 passed' } as const;
const proof = (document: string, lacksSuites = false) => ({ keyId: 'k', document, lacksSuites });
const one = [aResult('a.test.ts', 'one', 'passed')];

export function receiptBehaviour(subject: () => Subject): void {
  const ledger = () => subject().ledger;

  describe('receipts', () => {
    test('a receipt is stored with its verdict, once: neither comes without the other', async () => {
      const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
      expect(await ledger().receipt(id)).toBeUndefined();
      subject().failAt('ledger.verdict.before-commit');
      await expect(ledger().storeVerdict(id, VERDICT, one, proof('{"n":0}'))).rejects.toThrow();
      expect([await ledger().receipt(id), (await ledger().run(id))?.verdict]).toEqual([undefined, null]);
      subject().failAt('ledger.verdict.after-commit');
      await expect(ledger().storeVerdict(id, VERDICT, one, proof('{"n":1}'))).rejects.toThrow();
      await ledger().storeVerdict(id, VERDICT, one, proof('{"n":2}'));
      expect(await ledger().receipt(id)).toBe('{"n":1}');
    });

    test('a run that lacked a suite is no measure for the next one, nor is one of another folder', async () => {
      const project = `measured-${Math.random()}`;
      const finished = async (dir: string, lacks: boolean, results = one): Promise<string> => {
        const id = await anExecution(ledger(), { b1: ['a.test.ts'] }, project, dir);
        await ledger().storeVerdict(id, VERDICT, results, proof('{}', lacks));
        await ledger().finishRun(id);
        return id;
      };
      const measure = await finished('/shop', false, [...one, aResult('a.test.ts', 'two', 'passed')]);
      await finished('/shop', true);
      await finished('/elsewhere', false);
      const next = await anExecution(ledger(), { b1: ['a.test.ts'] }, project, '/shop');
      expect(await ledger().lastSeen(project, next)).toEqual([{ suite: 'unit', tests: 2, execution: measure }]);
      const stranger = await anExecution(ledger(), { b1: ['a.test.ts'] }, project, '/third');
      expect(await ledger().lastSeen(project, stranger)).toEqual([]);
    });
  });

  describe('the secret of an attempt', () => {
    const chunk = (id: string, change: object = {}) =>
      aChunk(id, { results: [aRow('a.test.ts', 'one')], fileEnds: [anEnd('a.test.ts', 1)], ...change });

    test('is another one for each attempt, and nobody reports with another one, or by another name', async () => {
      const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
      const first = await ledger().beginBatch(id, 'b1', 'runner-1');
      const { fence, secret } = await ledger().beginBatch(id, 'b1', 'runner-2');
      expect(secret).toMatch(/^[\w-]{32}$/);
      expect(secret).not.toBe(first.secret);
      const own = chunk(id, { fence, runner: 'runner-2', secret });
      for (const change of [{ secret: first.secret }, { secret: 'a guess' }, { runner: 'runner-1' }])
        await expect(ledger().record({ ...own, ...change })).rejects.toThrow(TicketRefused);
      expect(await ledger().attempts(id)).toEqual([]);
      await ledger().record(own);
      await ledger().record(own);
      const end = [id, 'b1', fence, 'runner-2', anEvidence(), 1] as const;
      await expect(ledger().finishBatch(...end, 'a guess')).rejects.toThrow(TicketRefused);
      expect(await ledger().finishBatch(...end, secret)).toMatchObject({ outcome: 'passed' });
      expect((await ledger().beginBatch(id, 'b1', 'runner-3')).secret).toBeUndefined();
      expect((await ledger().batchAttempts(id)).map(({ fence, runner, outcome }) => [fence, runner, outcome])).toEqual([
        [1, 'runner-1', 'superseded'],
        [2, 'runner-2', 'passed'],
      ]);
    });

    test('is not kept: the database holds its hash', async () => {
      const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
      const { secret } = await ledger().beginBatch(id, 'b1', 'runner-1');
      const rows = await subject().query<{ secret_hash: string }>(
        'SELECT secret_hash FROM batch_attempts WHERE execution = $1',
        [id],
      );
      expect(rows[0]?.secret_hash).toMatch(/^[0-9a-f]{64}$/);
      expect(JSON.stringify(rows)).not.toContain(secret);
    });
  });
}

import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRunActivities } from '../../activities/run.js';
import type { SettleResult } from '../../domain/activities.js';
import type { ArtifactStore } from '../../domain/ports.js';
import { aPlan, anAttempt, anEvidence } from '../support/builders.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';

let opened: TestLedger;
const faults = { failing: '' };

beforeAll(async () => {
  opened = await openTestLedger((point) => {
    if (point !== faults.failing) return;
    faults.failing = '';
    throw new Error('the process died here');
  });
});
afterAll(() => opened?.close());

it('a stage whose answer was lost is answered again, and is not taken for one that has ended', async () => {
  const { ledger } = opened;
  const plan = aPlan({ b1: ['a'] });
  const artifacts = { get: async () => Buffer.from(JSON.stringify(plan)) } as unknown as ArtifactStore;
  const provenance = { principal: 'local', project: 'shop', trust: 'trusted' } as const;
  const request = {
    source: { kind: 'directory', dir: '/shop' },
    options: { bail: false },
    priority: 'medium',
  } as const;
  await ledger.createRun('run_1', request, provenance);
  await ledger.storePlan('run_1', `sha256:${'0'.repeat(64)}`, plan);
  await ledger.beginBatch('run_1', 'b1', 'runner-1');
  const { batch, fence, runner: _runner, ...row } = anAttempt('a', 'x', 'failed');
  const fileEnds = [{ file: 'a', status: 'failed' as const, tests: 1, durationMs: 1 }];
  await ledger.record({ execution: 'run_1', batch, fence, runner: 'runner-1', seq: 1, results: [row], fileEnds });
  await ledger.finishBatch('run_1', 'b1', 1, 'runner-1', anEvidence('failed'), 1);

  const log = { warn: () => undefined };
  const signer = { keyId: 'none', sign: () => '' };
  const { settle } = createRunActivities({ ledger, artifacts, selectsTests: new Set(), versions: {}, signer, log });
  const ask = (): Promise<SettleResult> =>
    new MockActivityEnvironment().run(() => settle({ execution: 'run_1', stage: 1 }));
  faults.failing = 'ledger.stage.after-commit';
  await expect(ask()).rejects.toThrow('the process died here');
  expect((await ask()).batches.map((b) => [b.id, b.stage, b.files])).toEqual([['b2', 2, 1]]);
  expect((await ledger.batches('run_1')).map((b) => b.batch)).toEqual(['b1', 'b2']);
});

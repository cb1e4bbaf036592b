/** The end of a run as an activity: verdict and reports over a real ledger and a store on disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRunActivities } from '../../activities/run.js';
import { diskArtifacts } from '../../adapters/artifacts/disk.js';
import { aPlan, anAttempt, anEvidence } from '../support/builders.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';

let opened: TestLedger;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baton-conclude-'));
  opened = await openTestLedger();
});
afterAll(async () => {
  await opened?.close();
  await rm(dir, { recursive: true, force: true });
});

it('gives the verdict and leaves every report behind, each once however often it is asked', async () => {
  const { ledger } = opened;
  const artifacts = diskArtifacts(dir);
  const plan = aPlan({ b1: ['a'] });
  const { digest } = await artifacts.put(Buffer.from(JSON.stringify(plan)));
  const provenance = { principal: 'local', project: 'shop', trust: 'trusted' } as const;
  const source = { kind: 'directory', dir: '/shop' } as const;
  await ledger.createRun('run_1', { source, options: { bail: false }, priority: 'medium' }, provenance);
  await ledger.storePlan('run_1', digest, plan);
  await ledger.beginBatch('run_1', 'b1', 'runner-1');
  const { batch, fence, runner: _runner, ...row } = anAttempt('a', 'adds up', 'passed');
  const fileEnds = [{ file: 'a', status: 'passed' as const, tests: 1, durationMs: 1 }];
  await ledger.record({ execution: 'run_1', batch, fence, runner: 'runner-1', seq: 1, results: [row], fileEnds });
  await ledger.finishBatch('run_1', 'b1', 1, 'runner-1', anEvidence(), 1);

  const signer = { keyId: 'none', sign: () => '' };
  const log = { warn: () => undefined };
  const { conclude } = createRunActivities({ ledger, artifacts, selectsTests: new Set(), versions: {}, signer, log });
  const ask = () =>
    new MockActivityEnvironment().run(() =>
      conclude({ execution: 'run_1', ended: { how: 'completed', problem: null } }),
    );
  const first = await ask();
  expect(first).toMatchObject({ verdict: 'passed', totals: { passed: 1, failed: 0, notRun: 0 } });
  const left = await ledger.artifacts('run_1');
  const names = left.map(({ name }) => name);
  expect(names.sort()).toEqual(['ctrf.json', 'junit.xml', 'receipt.json', 'report.html', 'report.json']);
  for (const { name, digest } of left)
    if (name !== 'receipt.json') expect([name, await text(digest)]).toEqual([name, expect.stringContaining('adds up')]);
  expect(await ask()).toEqual(first);
  const again = await ledger.artifacts('run_1');
  expect(again.map(({ name }) => name).sort()).toEqual(names);
  // Reports also say when the run ended; what was signed stays.
  const receipt = ({ name }: { name: string }): boolean => name === 'receipt.json';
  expect(again.find(receipt)).toEqual(left.find(receipt));

  async function text(of: string): Promise<string> {
    return Buffer.from(await artifacts.get(of)).toString('utf8');
  }
});

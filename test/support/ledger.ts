/** A ledger for a test: PGlite in a temporary directory, copied from a template, so that it opens in about half a second. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type FaultPoint, openLedger, prepareTemplate, type StoreLedger } from '../../adapters/store/index.js';

export interface TestLedger {
  readonly ledger: StoreLedger;
  readonly dataDir: string;
  close(): Promise<void>;
}

/** Shared by all test files of this machine and user; made once per version of PGlite. */
export function testTemplate(): Promise<string> {
  return prepareTemplate(join(tmpdir(), `baton-test-templates-${userInfo().uid}`));
}

export async function openTestLedger(faults?: FaultPoint): Promise<TestLedger> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-ledger-'));
  const dataDir = join(dir, 'db');
  const ledger = await openLedger({ kind: 'pglite', dataDir, template: await testTemplate() }, faults);
  return {
    ledger,
    dataDir,
    async close() {
      await ledger.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** One body of tests for both engines. */
import { CompiledQuery } from 'kysely';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { ledgerOf } from '../../../adapters/store/index.js';
import { type LedgerOptions, openStore } from '../../../adapters/store/open.js';
import { testTemplate } from '../../support/ledger.js';
import { hasPostgres, startPostgres } from '../../support/postgres.js';
import { batchBehaviour } from './batch-behaviour.js';
import { eventBehaviour } from './event-behaviour.js';
import { faultBehaviour } from './fault-behaviour.js';
import { interleavings } from './interleavings.js';
import { receiptBehaviour } from './receipt-behaviour.js';
import { runBehaviour } from './run-behaviour.js';
import type { Subject } from './scenario.js';

interface Opened {
  readonly options: LedgerOptions;
  close(): Promise<void>;
}

async function pglite(): Promise<Opened> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-ledger-'));
  const options = { kind: 'pglite', dataDir: join(dir, 'db'), template: await testTemplate() } as const;
  return { options, close: () => rm(dir, { recursive: true, force: true }) };
}

async function postgres(): Promise<Opened> {
  const server = await startPostgres();
  return { options: { kind: 'postgres', url: server.url }, close: server.stop };
}

function behaviour(open: () => Promise<Opened>): void {
  let subject: Subject | undefined;
  let close: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    const opened = await open();
    close = opened.close;
    let next: string | undefined;
    const store = await openStore(opened.options, (point) => {
      if (point !== next) return;
      next = undefined;
      throw new Error(`fault at ${point}`);
    });
    const ledger = ledgerOf(store);
    close = async () => {
      await ledger.close();
      await opened.close();
    };
    subject = {
      ledger,
      failAt: (point) => {
        next = point;
      },
      query: async <R>(text: string, values: readonly unknown[] = []) =>
        (await store.db.executeQuery<R>(CompiledQuery.raw(text, [...values]))).rows,
    };
  });
  afterAll(async () => close?.());

  const current = () => {
    if (!subject) throw new Error('the ledger is not open');
    return subject;
  };
  describe('runs', () => runBehaviour(current));
  describe('receipts and secrets', () => receiptBehaviour(current));
  describe('batches', () => batchBehaviour(current));
  describe('events, keys, effects, retention', () => eventBehaviour(current));
  describe('faults', () => faultBehaviour(current));
  describe('any order of events', () => interleavings(current));
}

describe('PGlite', () => behaviour(pglite));

// Where PostgreSQL is missing the tests say so; in CI it must be there.
const skip = !hasPostgres() && !process.env['CI'];
describe.skipIf(skip)(`PostgreSQL${skip ? ' (left out: install `postgresql`)' : ''}`, () => behaviour(postgres));

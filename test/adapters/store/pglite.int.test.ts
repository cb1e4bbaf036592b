/** What only the embedded database needs: one owner, a thread of its own, a bounded log, a disk that fills up. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ledgerOf, openLedger } from '../../../adapters/store/index.js';
import { openStore } from '../../../adapters/store/open.js';
import { insideTransaction, PglitePool } from '../../../adapters/store/pglite-pool.js';
import { openSession } from '../../../adapters/store/pglite-session.js';
import { testTemplate } from '../../support/ledger.js';
import { aChunk, anEnd, anExecution, aRow, finish } from './scenario.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-pglite-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const options = async (at = dir) =>
  ({ kind: 'pglite', dataDir: join(at, 'db'), template: await testTemplate() }) as const;

test('a directory has one owner at a time, and the next one finds everything', async () => {
  const first = await openLedger(await options());
  const id = await anExecution(first, { b1: ['a.test.ts'] });
  await expect(openLedger(await options())).rejects.toMatchObject({
    problem: 'StoreUnavailable',
    message: expect.stringContaining(`in use by pid ${process.pid}`),
  });
  await first.close();
  expect(existsSync(join(dir, 'db.lock'))).toBe(false);
  const second = await openLedger({ kind: 'pglite', dataDir: join(dir, 'db') });
  expect(await second.run(id)).toMatchObject({ id, status: 'accepted' });
  await second.close();
});

test('a heavy query holds up neither timers nor its own transaction order', async () => {
  const store = await openStore(await options(), () => undefined);
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 10);
  const began = performance.now();
  await sql`SELECT sum(sqrt(n)) FROM generate_series(1, 3000000) n`.execute(store.db);
  const took = performance.now() - began;
  clearInterval(timer);
  await store.close();
  expect(longest).toBeLessThan(took / 2);
});

test('transactions run one after the other, and asking the pool inside one is refused instead of waiting for ever', async () => {
  const store = await openStore(await options(), () => undefined);
  const ledger = ledgerOf(store);
  await sql`CREATE TABLE counter AS SELECT 0 AS n`.execute(store.db);
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      store.db
        .transaction()
        .execute(async (trx) => {
          const { rows } = await sql<{ n: number }>`SELECT n FROM counter`.execute(trx);
          await sql`UPDATE counter SET n = ${(rows[0]?.n ?? 0) + 1}`.execute(trx);
          if (i % 10 === 0) throw new Error('rolled back');
        })
        .catch(() => undefined),
    ),
  );
  expect((await sql`SELECT n FROM counter`.execute(store.db)).rows).toEqual([{ n: 45 }]);
  await expect(insideTransaction.run(true, () => ledger.ping())).rejects.toThrow('query through the transaction');
  await store.close();
});

test('a database thread that dies is replaced; what was acknowledged is there', async () => {
  const { dataDir, template } = await options();
  await (await openLedger({ kind: 'pglite', dataDir, template })).close();
  const session = await openSession(dataDir);
  const pool = new PglitePool(dataDir, session);
  const first = await pool.connect();
  await first.query(`INSERT INTO projects (name) VALUES ('kept')`, []);
  // As a full disk may leave it: alive, and never answering.
  await session.close();
  await expect(first.query('SELECT 1', [])).rejects.toThrow('the database thread has ended');
  first.release();
  const second = await pool.connect();
  expect((await second.query('SELECT name FROM projects', [])).rows).toEqual([{ name: 'kept' }]);
  second.release();
  await pool.end();
});

test('a thread that does not answer is ended, and the caller hears of it', async () => {
  const { dataDir, template } = await options();
  await (await openLedger({ kind: 'pglite', dataDir, template })).close();
  const session = await openSession(dataDir, 3_000);
  await expect(session.query('SELECT count(*) FROM generate_series(1, 100000000000)', [])).rejects.toThrow(
    'gave no answer for 3 s and was ended',
  );
  expect(session.broken()).toBe(true);
  await session.close();
});

test('the write-ahead log stays short while the database stays open', async () => {
  const store = await openStore(await options(), () => undefined);
  const log = join(dir, 'db', 'pg_wal');
  const bytes = () => readdirSync(log).reduce((sum, name) => sum + statSync(join(log, name)).size, 0);
  await sql`CREATE TABLE filler (text text)`.execute(store.db);
  await sql`ALTER TABLE filler ALTER text SET STORAGE EXTERNAL`.execute(store.db);
  for (let mebibytes = 0; mebibytes < 192; mebibytes++) {
    await sql`INSERT INTO filler SELECT repeat('x', 1048576)`.execute(store.db);
  }
  // Without checkpoints the log would be longer than what was written.
  expect(bytes()).toBeLessThan(144 * 1024 * 1024);
  await store.close();
});

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && mounts();

test.skipIf(!canMount)(
  'a disk that fills up is refused with a sentence, stays readable, and works again when there is room',
  async () => {
    const small = join(dir, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', small]);
    try {
      const ledger = await openLedger(await options(small));
      const id = await anExecution(ledger, { b1: ['a.test.ts'] });
      await ledger.beginBatch(id, 'b1', 'runner-1');
      await ledger.record(aChunk(id, { results: [aRow('a.test.ts', 'one')] }));
      writeFileSync(join(small, 'other'), Buffer.alloc(70 * 1024 * 1024));
      const next = aChunk(id, { seq: 2, results: [aRow('a.test.ts', 'two')], fileEnds: [anEnd('a.test.ts', 2)] });
      await untilRefused(() => ledger.updateRun(id, {}));
      await expect(ledger.record(next)).rejects.toMatchObject({
        problem: 'DiskFull',
        message: expect.stringContaining(`the disk of ${join(small, 'db')} has`),
      });
      expect(await ledger.attempts(id)).toHaveLength(1);
      rmSync(join(small, 'other'));
      await untilDone(() => ledger.record(next));
      await finish(ledger, id, 1);
      expect(await ledger.attempts(id)).toHaveLength(2);
      await ledger.close();
      await expect(openLedger({ kind: 'pglite', dataDir: join(small, 'second') })).rejects.toMatchObject({
        problem: 'DiskFull',
      });
      expect(existsSync(join(small, 'second.lock'))).toBe(false);
    } finally {
      execFileSync('umount', [small]);
    }
  },
);

function mounts(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'baton-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/** Free space is looked at a few times a second: a call that changes nothing more shows when it has been noticed. */
async function untilRefused(call: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    if (
      await call().then(
        () => false,
        () => true,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the full disk was never noticed');
}

async function untilDone(call: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test('a look waits for the transaction that runs, not for all that are queued', async () => {
  const ledger = await openLedger(await options());
  const id = await anExecution(ledger, { b1: ['a.test.ts'] });
  const order: string[] = [];
  const changes = Array.from({ length: 40 }, (_, i) =>
    ledger.updateRun(id, { note: `note ${i}` }).then(() => order.push('change')),
  );
  const looks = Array.from({ length: 5 }, () => ledger.run(id).then(() => order.push('look')));
  await Promise.all([...changes, ...looks]);
  // All five looks are over after a few of the forty changes, and no change was left out.
  expect(order.lastIndexOf('look')).toBeLessThan(15);
  expect((await ledger.run(id))?.notes).toHaveLength(40);

  order.length = 0;
  const many = Array.from({ length: 200 }, () => ledger.run(id).then(() => order.push('look')));
  await Promise.all([...many, ledger.updateRun(id, { note: 'last' }).then(() => order.push('change'))]);
  expect(order.indexOf('change')).toBeLessThan(190);
  await ledger.close();
});

/** What only a shared server brings: several processes, lost connections, a server that is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLedger } from '../../../adapters/store/index.js';
import { ProjectProblem } from '../../../domain/failures.js';
import { hasPostgres, startPostgres, type TestPostgres } from '../../support/postgres.js';
import { aChunk, anEnd, anExecution, aRow, finish } from './scenario.js';

const skip = !hasPostgres() && !process.env['CI'];

describe.skipIf(skip)(`PostgreSQL${skip ? ' (left out: install `postgresql`)' : ''}`, () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres([]);
  });
  afterAll(async () => server?.stop());

  const open = async (url: string) => openLedger({ kind: 'postgres', url, poolSize: 4 });

  test('several processes may open an empty database at the same time', async () => {
    const url = await server.database();
    const ledgers = await Promise.all([1, 2, 3, 4].map(() => open(url)));
    const id = await anExecution(ledgers[0]!, { b1: ['a.test.ts'] });
    for (const ledger of ledgers) expect((await ledger.run(id))?.id).toBe(id);
    await Promise.all(ledgers.map((ledger) => ledger.close()));
  });

  test('events of one process wake the listeners of another, also after the connection was lost', async () => {
    const url = await server.database();
    const [writer, reader] = [await open(url), await open(url)];
    let woken = 0;
    reader.onEvents(() => woken++);
    const wakes = async (act: () => Promise<unknown>) => {
      const before = woken;
      await act();
      await until(() => woken > before);
    };
    const id = await anExecution(writer, { b1: ['a.test.ts'] });
    await wakes(() => writer.updateRun(id, { status: 'planning' }));
    await wakes(() => writer.beginBatch(id, 'b1', 'runner-1'));
    // Reconnecting wakes too: something may have been missed meanwhile.
    await wakes(() => terminate(url, 'baton-events'));
    await until(async () => {
      const before = woken;
      await writer.record(aChunk(id, { seq: ++seq, results: [aRow('a.test.ts', `t${seq}`)] }));
      await sleep(50);
      return woken > before;
    });
    await Promise.all([writer.close(), reader.close()]);
  });
  let seq = 0;

  test('a server that is killed while results come in loses nothing acknowledged and counts nothing twice', async () => {
    const ledger = await open(server.url);
    const files = Array.from({ length: 60 }, (_, i) => `${i}.test.ts`);
    const id = await anExecution(ledger, { b1: files });
    await ledger.beginBatch(id, 'b1', 'runner-1');
    const problems = new Set<string>();
    const crashes: Promise<void>[] = [];
    const crash = async () => {
      await server.crash();
      await server.restart();
    };
    const writing = (async () => {
      for (const [i, file] of files.entries()) {
        const chunk = aChunk(id, {
          seq: i + 1,
          results: [aRow(file, 'one'), aRow(file, 'two')],
          fileEnds: [anEnd(file, 2)],
        });
        await retried(() => ledger.record(chunk), problems);
        if (i === 10 || i === 30) crashes.push(crash());
      }
    })();
    await writing;
    await Promise.all(crashes);
    expect(await retried(() => finish(ledger, id, 1), problems)).toMatchObject({ outcome: 'passed', tests: 120 });
    expect(await ledger.attempts(id)).toHaveLength(120);
    const seqs = (await ledger.events(0, 10_000, id)).map((event) => event.seq);
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    expect([...problems]).toEqual(['StoreUnavailable']);
    await ledger.close();
  });

  test('a server that is not there, a wrong database and a wrong user are told apart, without the password', async () => {
    const problem = async (url: string) =>
      open(url).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
    expect(await problem('postgres://baton:geheim@127.0.0.1:1/x')).toMatchObject({
      problem: 'StoreUnavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const missing = await problem(server.url.replace(/postgres$/, 'missing'));
    expect(missing).toMatchObject({
      problem: 'StoreUnavailable',
      message: expect.stringContaining('Create the database named in DATABASE_URL'),
    });
    const nobody = await problem(server.url.replace('baton@', 'nobody:geheim@'));
    expect(nobody).toMatchObject({
      problem: 'StoreUnavailable',
      message: expect.stringContaining('Check user and password'),
    });
    expect(String(nobody)).not.toContain('geheim');
  });
});

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error('waited 20 s in vain');
    await sleep(10);
  }
}

/** As a runner does it: the same call again while the store is away. */
async function retried<T>(call: () => Promise<T>, problems: Set<string>): Promise<T> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ProjectProblem) || performance.now() > deadline) throw error;
      problems.add(error.problem);
      await sleep(20);
    }
  }
}

async function terminate(url: string, application: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    application,
  ]);
  await client.end();
}

/** Results ingested per second: chunks of a runner's size, each acknowledged after its commit, into each engine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LedgerOptions, openLedger } from '../../adapters/store/index.js';
import type { Ledger } from '../../domain/ports.js';
import type { ResultRow } from '../../domain/result.schema.js';
import { aPlan, anAttempt, anEvidence } from '../support/builders.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';

export interface IngestFigures {
  readonly bench: 'ingest';
  readonly engine: 'pglite' | 'postgres';
  readonly results: number;
  readonly chunk: number;
  /** Batches that send at the same time. */
  readonly writers: number;
  readonly perSecond: number;
  /** Making all results final, after the last chunk. */
  readonly finishMs: number;
  /** The longest time the calling thread did not answer meanwhile. */
  readonly longestPauseMs: number;
}

export interface IngestBench {
  readonly results?: number;
  readonly chunk?: number;
  readonly writers?: number;
}

const PER_FILE = 50;

/** Prints one JSON line per engine and returns the figures. PostgreSQL runs with fsync on; without it installed its line is left out. */
export async function benchIngest({
  results = 60_000,
  chunk = 500,
  writers = 2,
}: IngestBench = {}): Promise<IngestFigures[]> {
  const figures = [await onPglite({ results, chunk, writers })];
  if (hasPostgres()) figures.push(await onPostgres({ results, chunk, writers }));
  else console.error('ingest into PostgreSQL is left out: install it, on Debian with `apt-get install postgresql`');
  for (const each of figures) console.log(JSON.stringify(each));
  return figures;
}

async function onPglite(load: Required<IngestBench>): Promise<IngestFigures> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-bench-'));
  try {
    return await measure('pglite', { kind: 'pglite', dataDir: join(dir, 'db') }, load);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function onPostgres(load: Required<IngestBench>): Promise<IngestFigures> {
  const server = await startPostgres([]);
  try {
    return await measure('postgres', { kind: 'postgres', url: server.url }, load);
  } finally {
    await server.stop();
  }
}

async function measure(
  engine: 'pglite' | 'postgres',
  options: LedgerOptions,
  load: Required<IngestBench>,
): Promise<IngestFigures> {
  const ledger = await openLedger(options);
  try {
    // The first execution warms plans and caches; the second is measured.
    await ingest(ledger, 'warm', { ...load, results: Math.min(load.results, 5_000) });
    const pauses = watchPauses();
    const { recordMs, finishMs } = await ingest(ledger, 'measured', load);
    const perSecond = Math.round(load.results / (recordMs / 1000));
    return {
      bench: 'ingest',
      engine,
      ...load,
      perSecond,
      finishMs: Math.round(finishMs),
      longestPauseMs: pauses.stop(),
    };
  } finally {
    await ledger.close();
  }
}

async function ingest(
  ledger: Ledger,
  execution: string,
  load: Required<IngestBench>,
): Promise<{ recordMs: number; finishMs: number }> {
  const perBatch = Math.floor(load.results / load.writers);
  const names = Array.from({ length: load.writers }, (_, i) => `b${i + 1}`);
  const files = (batch: string) =>
    Array.from({ length: Math.ceil(perBatch / PER_FILE) }, (_, i) => `${batch}/file-${i}.test.ts`);
  const plan = aPlan(Object.fromEntries(names.map((name) => [name, files(name)])));
  const provenance = { principal: 'bench', project: 'bench', trust: 'trusted' as const };
  await ledger.createRun(
    execution,
    { source: { kind: 'directory', dir: '/bench' }, options: { bail: false }, priority: 'medium' },
    provenance,
  );
  await ledger.storePlan(execution, 'sha256:bench', plan);
  const rows = new Map(names.map((name) => [name, rowsOf(name, perBatch)]));
  for (const name of names) await ledger.beginBatch(execution, name, 'bench');
  const began = performance.now();
  await Promise.all(names.map((name) => sendAll(ledger, execution, name, rows.get(name) ?? [], load.chunk)));
  const sent = performance.now();
  await Promise.all(names.map((name) => ledger.finishBatch(execution, name, 1, 'bench', anEvidence(), 1)));
  return { recordMs: sent - began, finishMs: performance.now() - sent };
}

/** As a runner does it: one chunk after the other, and a file's end mark in the chunk that completes the file. */
async function sendAll(
  ledger: Ledger,
  execution: string,
  batch: string,
  rows: readonly ResultRow[],
  size: number,
): Promise<void> {
  for (let from = 0, seq = 1; from < rows.length; from += size, seq++) {
    const results = rows.slice(from, from + size);
    const last = from + size >= rows.length;
    const ended = results.filter(
      (_, i) => (from + i) % PER_FILE === PER_FILE - 1 || (last && i === results.length - 1),
    );
    const fileEnds = ended.map(({ file }) => ({
      file,
      status: 'passed' as const,
      tests: Math.min(PER_FILE, rows.length - Number(/-(\d+)\./.exec(file)?.[1]) * PER_FILE),
      durationMs: 12,
    }));
    await ledger.record({ execution, batch, fence: 1, runner: 'bench', seq, results, fileEnds });
  }
}

function rowsOf(batch: string, count: number): ResultRow[] {
  return Array.from({ length: count }, (_, i) => {
    const file = `${batch}/file-${Math.floor(i / PER_FILE)}.test.ts`;
    const {
      batch: _batch,
      fence: _fence,
      runner: _runner,
      ...row
    } = anAttempt(file, '', 'passed', {
      path: ['a group of tests', `does thing number ${i} as expected`],
      startedAt: 1_700_000_000_000 + i,
    });
    return row;
  });
}

function watchPauses(): { stop(): number } {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 5);
    last = now;
  }, 5);
  return {
    stop() {
      clearInterval(timer);
      return Math.round(longest);
    },
  };
}

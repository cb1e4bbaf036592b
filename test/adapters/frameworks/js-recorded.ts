/** Event files that the reporters wrote under real versions of a framework, read as a runner reads them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Collector } from '../../../domain/collect.js';
import type { Observed } from '../../../domain/evidence.js';
import type { FrameworkAdapter } from '../../../domain/framework.js';
import type { ResultRow } from '../../../domain/result.schema.js';
import type { TestEvent } from '../../../domain/test-event.schema.js';
import { FIXTURES, suiteOf } from './polyglot.js';

export interface Recorded {
  readonly rows: ResultRow[];
  readonly observed: Observed;
  readonly totals: { passed: number; failed: number; skipped: number };
  readonly redFiles: string[];
}

export async function recordings(fixture: string): Promise<string[]> {
  return (await readdir(join(FIXTURES, fixture, 'output')))
    .filter((name) => name.endsWith('.ndjson'))
    .map((name) => name.slice(0, -'.ndjson'.length));
}

export async function replay(adapter: FrameworkAdapter, fixture: string, version: string): Promise<Recorded> {
  const text = await readFile(join(FIXTURES, fixture, 'output', `${version}.ndjson`), 'utf8');
  const suite = suiteOf(adapter.name);
  const reader = adapter.reader({ suite, root: '/', files: [], eventsFile: '', scratchDir: '', cores: 1, bail: false });
  const events = text.split('\n').flatMap((line) => reader.line(line));
  const collector = new Collector('suite', 1, filesOf(events));
  const rows = collector.add(events).results;
  const tests = rows.filter(({ kind }) => kind === 'test');
  const count = (status: string): number => tests.filter((row) => row.status === status).length;
  return {
    rows,
    observed: collector.observed(false),
    totals: { passed: count('passed'), failed: count('failed'), skipped: count('skipped') },
    redFiles: rows
      .filter(({ kind }) => kind === 'file')
      .map(({ file }) => file)
      .sort(),
  };
}

const filesOf = (events: readonly TestEvent[]): string[] => [
  ...new Set(events.flatMap((event) => (event.e === 'file-start' ? [event.file] : []))),
];

import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPAIR_LIMITS, type RepairDeps } from '../../activities/fix/deps.js';
import { repair } from '../../activities/fix/repair.js';
import type { Candidate } from '../../domain/fix/candidate.schema.js';
import { GATE_LIMITS } from '../../domain/fix/gate.js';
import { compiledCageMain } from '../adapters/process/compiled-cage.js';
import { repairBench, suiteOf } from '../bench/fix.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/fix');
const limits = { ...REPAIR_LIMITS, runMs: 20_000, gate: GATE_LIMITS };
let dir: string;
let bench: { deps: RepairDeps; close(): void };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baton-fix-test-'));
  bench = repairBench(join(dir, 'spool'), compiledCageMain());
});
afterAll(async () => {
  bench.close();
  await rm(dir, { recursive: true, force: true });
});

async function project(from: string, name: string): Promise<string> {
  const root = join(dir, name);
  await cp(join(FIXTURES, from), root, { recursive: true });
  return root;
}

const caseOf = (root: string, failing: string[], all = failing) => ({
  execution: 'run_x',
  roots: [root],
  trust: 'trusted' as const,
  failing: [{ suite: suiteOf(), files: failing }],
  all: [{ suite: suiteOf(), files: all }],
  limits,
  signal: new AbortController().signal,
});

describe('repair', () => {
  it('finds, tries and verifies a patch, and leaves the checkout as it was', async () => {
    const root = await project('cheats/project', 'price');
    const before = await readFile(join(root, 'src/price.js'), 'utf8');
    const report = await repair(
      bench.deps,
      caseOf(root, ['test/price.test.js'], ['test/price.test.js', 'test/label.test.js']),
    );
    expect(report).toMatchObject({ outcome: 'verified', located: 'coverage' });
    const winner = report.finalists.find(({ refuted }) => refuted === null)!;
    expect(winner).toMatchObject({ repeats: 3, wholeTests: 6, revertedRed: 1, sabotage: 'red' });
    expect(winner.candidate.diff).toContain('+  return pieces >= 10');
    expect(await readFile(join(root, 'src/price.js'), 'utf8')).toBe(before);
  });

  it('mends a search that never ends', async () => {
    const root = await project('bugs/shelf-search', 'shelf');
    const report = await repair(bench.deps, {
      ...caseOf(root, ['test/shelf-search.test.js']),
      limits: { ...limits, runMs: 4_000, searchMs: 60_000 },
    });
    expect(report.outcome).toBe('verified');
    expect(report.finalists.at(-1)!.candidate.diff).toContain('low = middle + 1');
  });

  it('verifies no cheat, whatever comes through the gate', async () => {
    const root = await project('cheats/project', 'cheats');
    const patches = readdirSync(join(FIXTURES, 'cheats/patches')).sort();
    const candidates = patches.map(
      (name, i): Candidate => ({
        id: `c${i + 1}`,
        origin: 'model',
        kind: 'other',
        title: name,
        diff: readFileSync(join(FIXTURES, 'cheats/patches', name), 'utf8'),
        file: 'src/price.js',
        line: 1,
        suspicion: 1,
        prior: 1,
        closeness: 1,
      }),
    );
    const expected = JSON.parse(readFileSync(join(FIXTURES, 'cheats/cheats.json'), 'utf8')) as Record<string, string>;
    const atTheGate = Object.values(expected).filter((rule) => rule !== 'tournament').length;
    const report = await repair(bench.deps, {
      ...caseOf(root, ['test/price.test.js'], ['test/price.test.js', 'test/label.test.js']),
      candidates,
    });
    expect(report.winner).toBeNull();
    expect(report.refused).toHaveLength(atTheGate);
    expect(report.finalists.map(({ candidate, refuted }) => [candidate.title, refuted])).toEqual([
      ['breaks-the-label.diff', 'a test of the suite that passed before does not pass any more'],
    ]);
  });

  it('says so when the tests pass', async () => {
    const root = await project('cheats/project', 'green');
    const report = await repair(bench.deps, caseOf(root, ['test/label.test.js']));
    expect(report.outcome).toBe('not reproduced');
  });
});

/** Failure analysis and the knowledge store on a real ledger, a real repository and a real HTTP server that plays the model. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysisActivities } from '../../activities/analysis/index.js';
import { analysesOf } from '../../activities/analysis/analyses.js';
import { knowledgeStore } from '../../adapters/knowledge/knowledge.js';
import { noModel, openaiModel } from '../../adapters/model/openai.js';
import { changedLines } from '../../adapters/vcs/changes.js';
import type { AnalysisActivities } from '../../domain/analysis/activities.js';
import { Analysis } from '../../domain/analysis/analysis.schema.js';
import { knownOf } from '../../domain/fix/known.js';
import { offlineEmbedding } from '../../domain/knowledge/offline.js';
import type { Model } from '../../domain/model.js';
import { ModelSettings } from '../../domain/model/settings.schema.js';
import { redactor } from '../../domain/redact.js';
import type { ResultRow } from '../../domain/result.schema.js';
import { MemoryArtifacts } from '../api/support/memory-artifacts.js';
import { aChunk, anEnd, anId, aProvenance, aResult, aRow, finish } from '../adapters/store/scenario.js';
import { repository, type TestRepository } from '../adapters/vcs/repo.js';
import { aPlan } from '../support/builders.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';

const CANARY = 'canary-77aa-installation-secret-19';
const MODEL = 'scripted';
let store: TestLedger;
let server: ModelServer;
let dir: string;
let repo: TestRepository;
let base: string;
const artifacts = new MemoryArtifacts();
const redact = redactor([CANARY]);

beforeAll(async () => {
  store = await openTestLedger();
  server = await startModelServer({ canaries: [CANARY] });
  dir = await mkdtemp(join(tmpdir(), 'baton-analysis-'));
  repo = repository(join(dir, 'shop'));
  base = repo.commit({
    'src/cart.js': 'export function total(items) {\n  let sum = 0;\n  return sum;\n}\n',
    'src/tax.js': 'export {};\n',
  });
  repo.commit({ 'src/cart.js': 'export function total(items) {\n  let sum = 1;\n  return sum;\n}\n' });
});
afterAll(async () => {
  await store?.close();
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

const aModel = (tokensPerExecution = 10_000_000): Model =>
  openaiModel({
    ...{ name: MODEL, baseUrl: server.url, apiKey: server.key, keyName: 'OPENAI_API_KEY', artifacts, redact },
    settings: ModelSettings.parse({ tokensPerExecution, tokensPerDay: 100_000_000 }),
    budget: store.ledger.model,
  });

function deps(model: Model = noModel('none')) {
  const { ledger } = store;
  const knowledge = knowledgeStore({ lessons: ledger.lessons, embedding: offlineEmbedding, redact });
  return { ledger, artifacts, knowledge, changes: changedLines({ home: dir }), redact, model, log: { warn() {} } };
}

function activities(model?: Model): AnalysisActivities {
  const all = createAnalysisActivities(deps(model));
  const env = new MockActivityEnvironment();
  return Object.fromEntries(
    Object.entries(all).map(([name, run]) => [
      name,
      (input: never) => env.run(run as (input: never) => Promise<unknown>, input),
    ]),
  ) as unknown as AnalysisActivities;
}

type Failure = Partial<ResultRow> & { readonly name: string };

/** A finished execution in which these tests failed, of the last commit of the repository. */
async function aRun(failures: readonly Failure[], project: string): Promise<string> {
  const { ledger } = store;
  const id = anId();
  const commit = repo.git('rev-parse', 'HEAD');
  const source = { kind: 'directory', dir: repo.dir } as const;
  await ledger.createRun(id, { source, project, options: { bail: false }, priority: 'medium' }, aProvenance(project));
  const plan = aPlan({ b1: ['test/cart.test.js'] }, undefined, {
    ...{ project, root: repo.dir, commit, dirty: false },
    base: { commit: base, how: 'asked for', repository: repo.dir, prefix: '' },
  });
  const { digest } = await artifacts.put(Buffer.from(JSON.stringify(plan)));
  await ledger.storePlan(id, digest, plan);
  await ledger.beginBatch(id, 'b1', 'runner-1');
  const rows = failures.map(({ name, ...change }) =>
    aRow('test/cart.test.js', name, 'failed', { fault: 'failure', ...change }),
  );
  await ledger.record(aChunk(id, { results: rows, fileEnds: [anEnd('test/cart.test.js', rows.length)] }));
  await finish(ledger, id, 1, 'failed');
  const totals = { passed: 0, failed: rows.length, skipped: 0, flaky: 0, notRun: 0 };
  const results = rows.map((row) =>
    aResult(row.file, row.path[0]!, 'failed', { message: row.message, fault: row.fault ?? null }),
  );
  const verdict = { verdict: 'failed', totals, problem: null, notes: [], sentence: `${rows.length} failed` } as const;
  await ledger.storeVerdict(id, verdict, results);
  await ledger.finishRun(id);
  return id;
}

const inCart = (name: string, value: number): Failure => ({
  name,
  message: `expected ${value} to be ${value - 1} // Object.is equality`,
  expected: String(value - 1),
  actual: String(value),
  stack: `AssertionError: expected ${value} to be ${value - 1}\n    at total (${repo.dir}/src/cart.js:2:7)\n    at ${repo.dir}/test/cart.test.js:5:30`,
});

describe('the analysis of an execution', () => {
  it('names class, place, the changed line, and says that a fix may be tried', async () => {
    const id = await aRun([inCart('adds', 7)], 'analysed');
    const told = await activities().analyseFailures({ execution: id });
    expect(told).toMatchObject({ execution: id, total: 1, fixable: 1 });
    expect(told.failures[0]).toMatchObject({
      test: 'adds',
      class: 'assertion',
      fixable: true,
      frame: { file: 'src/cart.js', line: 2, function: 'total' },
    });
    const analysis = Analysis.parse(JSON.parse(Buffer.from(await artifacts.get(told.analysis)).toString()));
    expect(analysis.changes).toBe('known');
    expect(analysis.failures[0]!.candidates[0]).toMatchObject({
      file: 'src/cart.js',
      why: ['the innermost frame of the stack', 'this line was changed against the base'],
    });
    expect((await store.ledger.artifacts(id)).map(({ name }) => name)).toContain('analysis.json');
  });

  it('is made once: the second call returns what was stored', async () => {
    const id = await aRun([inCart('once', 3)], 'once');
    const first = await activities().analyseFailures({ execution: id });
    expect(await activities().analyseFailures({ execution: id })).toEqual(first);
    expect((await analysesOf(deps()).of(id)).at).toBe((await analysesOf(deps()).of(id)).at);
  });

  it('of a run that is not finished, or not there, is refused with a sentence', async () => {
    const id = anId();
    const source = { kind: 'directory', dir: '/shop' } as const;
    await store.ledger.createRun(id, { source, options: { bail: false }, priority: 'medium' }, aProvenance());
    await expect(activities().analyseFailures({ execution: id })).rejects.toThrow(/not finished yet/);
    await expect(activities().analyseFailures({ execution: 'run_none' })).rejects.toThrow(/no execution/);
  });

  it('stays small, however many tests fail', async () => {
    const long = 'x'.repeat(5_000);
    const many = Array.from({ length: 250 }, (_, i) => ({
      ...inCart(`test ${i} ${long}`, i),
      message: `${long} ${i}`,
    }));
    const told = await activities().analyseFailures({ execution: await aRun(many, 'many') });
    expect(told.total).toBe(250);
    expect(JSON.stringify(told).length).toBeLessThan(60_000);
  });
});

describe('what is remembered', () => {
  it('what was done about a failure and what became of it, for the next one like it', async () => {
    const project = 'mended';
    const first = await aRun([inCart('adds', 12), inCart('multiplies', 5)], project);
    const { analyseFailures, rememberFix, rememberOutcome, recallFailures } = activities();
    await rememberOutcome({ execution: first });
    const { failures } = await analyseFailures({ execution: first });
    const testIds = failures.filter(({ test }) => test === 'adds').map(({ testId }) => testId);
    const change = '`sum + x` in place of `sum` in src/cart.js';
    const fix = { execution: first, fix: 'wf_fix', testIds, change, by: 'grace', reason: null };
    expect(await rememberFix({ ...fix, outcome: 'offered' })).toEqual({ lessons: 1 });
    expect(await rememberFix({ ...fix, outcome: 'closed' })).toEqual({ lessons: 1 });
    const second = await aRun([inCart('adds', 31)], project);
    const { found } = await recallFailures({ project, execution: second });
    const fixes = found.filter(({ kind }) => kind === 'fix');
    expect(fixes).toMatchObject([{ execution: 'wf_fix', fix: `${change}: closed without merging by grace` }]);
    const known = knownOf(await analyseFailures({ execution: second }), { embedding: 'offline-v1', found });
    expect(known).toMatchObject({ class: 'assertion', earlier: [{ id: fixes[0]!.id, fix: fixes[0]!.fix }, {}] });
    expect(known.earlier.some(({ id }) => id.startsWith('outcome/'))).toBe(false);
  });

  it('a failure that comes again is told with the earlier one; nothing is doubled', async () => {
    const project = 'remembered';
    const first = await aRun(
      [inCart('adds', 12), { name: 'connects', message: 'connect ECONNREFUSED 127.0.0.1:8080', fault: 'error' }],
      project,
    );
    const { rememberOutcome, analyseFailures, recallFailures } = activities();
    expect(await rememberOutcome({ execution: first })).toEqual({ lessons: 3, embedding: 'offline-v1' });
    expect(await rememberOutcome({ execution: first })).toEqual({ lessons: 3, embedding: 'offline-v1' });
    const second = await aRun([inCart('adds', 31)], project);
    const { failures } = await analyseFailures({ execution: second });
    expect(failures[0]!.related[0]).toContain(`failure/${first}/`);
    const found = await recallFailures({ project, text: 'server refused the connection, ECONNREFUSED', limit: 3 });
    expect(found.found[0]).toMatchObject({ execution: first, text: expect.stringContaining('ECONNREFUSED') });
    expect(found.found.filter(({ id }) => id === found.found[0]!.id)).toHaveLength(1);
    const { knowledge } = deps();
    expect(await knowledge.recall({ project: 'another', text: 'ECONNREFUSED', limit: 5 })).toEqual([]);
  });

  it('holds no secret', async () => {
    const project = 'secrets';
    const message = `login failed for ada@example.org with token=${CANARY} and ghp_${'a1B2c3D4'.repeat(5)}`;
    const id = await aRun([{ name: `uses ${CANARY}`, message, fault: 'error' }], project);
    await activities().rememberOutcome({ execution: id });
    const found = await deps().knowledge.recall({ project, text: 'login failed', limit: 10 });
    expect(found.length).toBeGreaterThan(0);
    const stored =
      JSON.stringify(found) +
      Buffer.concat([...artifacts.kept.values()].filter((b) => b.includes('"failures"'))).toString();
    for (const secret of [CANARY, 'ada@example.org', 'a1B2c3D4']) expect(stored).not.toContain(secret);
  });

  it('is forgotten with the history', async () => {
    const project = 'forgotten';
    await activities().rememberOutcome({ execution: await aRun([inCart('old', 5)], project) });
    const count = async () => (await deps().knowledge.recall({ project, text: 'expected to be', limit: 10 })).length;
    expect(await count()).toBeGreaterThan(0);
    await store.ledger.retain(0, 0);
    expect(await count()).toBe(0);
  });
});

describe('a model’s words', () => {
  it('are added, and change no class, no judgement and no verdict', async () => {
    server.play([{ json: { cause: 'sum begins at 1', suggestion: 'begin at 0', file: 'src/cart.js' } }]);
    const id = await aRun([inCart('adds', 9), inCart('adds again', 10)], 'explained');
    const { analyseFailures, explainFailures } = activities(aModel());
    const before = await analyseFailures({ execution: id });
    expect(await explainFailures({ execution: id })).toEqual({ asked: 1, explained: 1, problem: null });
    const analysis = await analysesOf(deps()).of(id);
    expect(analysis.explainedBy).toBe(MODEL);
    for (const { explanation } of analysis.failures)
      expect(explanation).toMatchObject({ cause: 'sum begins at 1', file: 'src/cart.js', model: MODEL });
    expect((await analyseFailures({ execution: id })).failures).toEqual(before.failures);
    expect((await store.ledger.run(id))?.verdict).toBe('failed');
    expect(await explainFailures({ execution: id })).toMatchObject({ asked: 0 });
  });

  it('end with the tokens of the execution: the rules stand, and it is said why there are no more', async () => {
    const words = { cause: 'sum begins at 1', suggestion: 'begin at 0', file: 'src/cart.js' };
    server.play([{ json: words }, { json: words }, { json: words }]);
    const callsOf = (execution: string) => store.ledger.model.calls({ execution, limit: 20 });
    const priced = await aRun([inCart('costs one', 9)], 'price');
    await activities(aModel()).explainFailures({ execution: priced });
    const [one] = await callsOf(priced);
    const id = await aRun(
      [inCart('costs one', 9), { ...inCart('costs two', 9), message: 'sum is not a function' }],
      'budget',
    );
    const { analyseFailures, explainFailures } = activities(aModel(one!.reserved + 50));
    const rules = await analyseFailures({ execution: id });
    expect(await explainFailures({ execution: id })).toMatchObject({
      asked: 2,
      explained: 1,
      problem: expect.stringContaining('model.tokensPerExecution'),
    });
    expect((await analyseFailures({ execution: id })).failures).toEqual(rules.failures);
    expect((await analysesOf(deps()).of(id)).failures.map(({ explanation }) => explanation !== null)).toEqual([
      true,
      false,
    ]);
    expect(await callsOf(id)).toHaveLength(1);
  });

  it('are done without where the model is away or none is configured', async () => {
    const id = await aRun([inCart('alone', 2)], 'alone');
    expect(await activities().explainFailures({ execution: id })).toEqual({ asked: 0, explained: 0, problem: null });
    server.play([{ status: 401 }]);
    expect(await activities(aModel()).explainFailures({ execution: id })).toMatchObject({
      explained: 0,
      problem: expect.stringContaining('refused the key'),
    });
    server.play([{ status: 429, headers: { 'retry-after': '3600' } }]);
    await expect(activities(aModel()).explainFailures({ execution: id })).rejects.toMatchObject({
      type: 'ModelBusy',
      nextRetryDelay: 3_600_000,
    });
    expect((await analysesOf(deps()).of(id)).failures).toHaveLength(1);
  });
});

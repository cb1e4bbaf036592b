/** Analysis, knowledge and calls of the model, as the API and the command line tell them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analysesOf } from '../../activities/analysis/analyses.js';
import { knowledgeStore } from '../../adapters/knowledge/knowledge.js';
import type { Context } from '../../cli/context.js';
import { runProgram } from '../../cli/program.js';
import type { Analysis } from '../../domain/analysis/analysis.schema.js';
import type { KnowledgeList } from '../../domain/knowledge/api.schema.js';
import { offlineEmbedding } from '../../domain/knowledge/offline.js';
import { redact } from '../../domain/redact.js';
import { anId, aProvenance, aResult } from '../adapters/store/scenario.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { MemoryArtifacts } from './support/memory-artifacts.js';
import { type OpenApi, openApi, readAs } from './support/api.js';

let store: TestLedger;
let api: OpenApi;
beforeAll(async () => {
  store = await openTestLedger();
  const { ledger } = store;
  const artifacts = new MemoryArtifacts();
  const knowledge = knowledgeStore({ lessons: ledger.lessons, embedding: offlineEmbedding, redact });
  const changes = { between: async () => undefined };
  const analyses = analysesOf({ ledger, artifacts, knowledge, changes, redact, log: { warn() {} } });
  api = await openApi({ ledger, artifacts, analyses, knowledge, modelCalls: ledger.model });
});
afterAll(async () => {
  await api?.close();
  await store?.close();
});

async function aRun(message: string, finished = true): Promise<string> {
  const id = anId('run');
  const source = { kind: 'directory', dir: '/shop' } as const;
  await store.ledger.createRun(id, { source, options: { bail: false }, priority: 'medium' }, aProvenance());
  if (!finished) return id;
  const totals = { passed: 0, failed: 1, skipped: 0, flaky: 0, notRun: 0 };
  const result = aResult('a.test.js', 'pays\u001b[2J', 'failed', { message });
  await store.ledger.storeVerdict(id, { verdict: 'failed', totals, problem: null, notes: [], sentence: '1 failed' }, [
    result,
  ]);
  await store.ledger.finishRun(id);
  return id;
}

async function baton(...args: string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const write = (text: string): boolean => {
    out += text;
    return true;
  };
  const settings = {
    apiUrl: api.url,
    home: '/nowhere',
    environment: {},
    apiKeys: [],
  } as unknown as Context['settings'];
  const stream = { write, isTTY: false, columns: 120 } as unknown as Context['stdout'];
  const code = await runProgram(
    { settings, cwd: '/', stdout: stream, stderr: stream, root: '/' } as unknown as Context,
    args,
  );
  return { code, out };
}

describe('GET /api/runs/:id/analysis', () => {
  it('tells class and place, and is the same when asked again', async () => {
    const id = await aRun('Request failed with status code 401');
    const first = await readAs<Analysis>(fetch(`${api.url}/api/runs/${id}/analysis`));
    expect(first).toMatchObject({ execution: id, changes: 'unknown', explainedBy: null, left: 0 });
    expect(first.failures[0]).toMatchObject({
      test: 'pays',
      class: 'authentication',
      fixable: false,
      explanation: null,
    });
    expect(await readAs(fetch(`${api.url}/api/runs/${id}/analysis`))).toEqual(first);
  });

  it('refuses what is not finished, and what is not there', async () => {
    const open = await fetch(`${api.url}/api/runs/${await aRun('', false)}/analysis`);
    expect(open.status).toBe(422);
    expect(await open.text()).toContain('not finished yet');
    expect((await fetch(`${api.url}/api/runs/${anId('run')}/analysis`)).status).toBe(404);
  });
});

describe('GET /api/knowledge and /api/model/calls', () => {
  it('search by likeness, within a project', async () => {
    const lessons = knowledgeStore({ lessons: store.ledger.lessons, embedding: offlineEmbedding, redact });
    const lesson = { project: 'shop', kind: 'fix', execution: 'run_1', data: { fix: 'begin at 0' } } as const;
    await lessons.remember([
      { ...lesson, id: 'x1', text: 'the sum began at one' },
      { ...lesson, id: 'x2', text: 'the printer was on fire', project: 'press' },
    ]);
    const found = await readAs<KnowledgeList>(fetch(`${api.url}/api/knowledge?query=sum+began&project=shop`));
    expect(found).toMatchObject({
      embedding: 'offline-v1',
      method: 'exact scan',
      items: [{ id: 'x1', data: { fix: 'begin at 0' } }],
    });
    expect((await fetch(`${api.url}/api/knowledge?query=sum`)).status).toBe(400);
    expect(await readAs(fetch(`${api.url}/api/model/calls`))).toEqual({ items: [] });
  });
});

describe('the command line', () => {
  it('baton debug shows what a person needs, and nothing that a terminal would obey', async () => {
    const id = await aRun('connect ECONNREFUSED 127.0.0.1:5432 \u001b]0;owned\u0007');
    const { code, out } = await baton('debug', id);
    expect(code).toBe(0);
    expect(out).toContain('database');
    expect(out).toContain('data and schema are changed by people');
    expect(out).not.toContain('\u001b');
    expect(JSON.parse((await baton('debug-execution', '--execution-id', id, '--json')).out)).toMatchObject({
      execution: id,
    });
  });

  it('baton knowledge search finds, or says that nothing is known', async () => {
    expect((await baton('knowledge', 'search', 'sum', 'began', '--project', 'shop')).out).toContain(
      'the sum began at one',
    );
    expect((await baton('knowledge', 'search', 'zzz', '--project', 'nobody')).out).toBe('Nothing alike is known.\n');
  });
});

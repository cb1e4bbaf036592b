/** Commands in this process: a stack that is up (this process plays its supervisor) and a client that plays the API. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../../cli/client.js';
import type { Context } from '../../cli/context.js';
import { endOf } from '../../cli/errors.js';
import { runProgram } from '../../cli/program.js';
import { readSettings } from '../../config/config.js';
import type { ReportFormat, RunAnswer } from '../../domain/api.schema.js';
import type { BatonEvent } from '../../domain/events.js';
import type { FailureList } from '../../domain/failure-groups.js';
import type { MetricsSummary } from '../../domain/metrics.schema.js';
import type { Verdict } from '../../domain/outcome.schema.js';
import type { TestResult } from '../../domain/result.schema.js';
import type { Problem, StartRun } from '../../domain/run.schema.js';
import { startTicks } from '../../scripts/lib/lock.mjs';
import { writeManifest } from '../../workers/stack/manifest.js';

let dir: string;
let home: string;
let project: string;
let stdout: string;
let stderr: string;
let api: FakeApi;

class FakeApi implements Client {
  verdict: Verdict = 'passed';
  problem: Problem | null = null;
  tests: TestResult[] = [];
  started: unknown[] = [];
  cancelled: string[] = [];
  reruns: string[] = [];
  listed: object[] = [];
  /** Finishes only when cancelled. */
  endless = false;
  reports: Partial<Record<ReportFormat, string>> = { html: '<html>', junit: '<testsuites/>', ctrf: '{}' };
  private finished = false;
  private readonly wake: (() => void)[] = [];

  answer(): RunAnswer {
    const totals = { passed: 2, failed: this.verdict === 'failed' ? 1 : 0, skipped: 0, flaky: 0, notRun: 0 };
    return {
      id: 'run_1',
      project: 'p',
      principal: 'me',
      trust: 'trusted',
      source: { kind: 'directory', dir: project },
      options: { bail: false },
      priority: 'medium',
      status: this.finished ? 'finished' : 'running',
      verdict: this.finished ? this.verdict : null,
      problem: this.problem,
      notes: [],
      sentence: null,
      totals,
      expectedFiles: 1,
      commit: null,
      dirty: null,
      branch: null,
      temporalRunId: 't',
      createdAt: '2026-01-01T00:00:00Z',
      startedAt: null,
      endedAt: null,
      durationMs: this.finished ? 1500 : null,
      links: {
        self: '/self',
        results: '/results',
        report: '/report',
        receipt: '/receipt',
        artifacts: '/artifacts',
        fixes: '/fixes',
        events: '/events',
        webUi: 'http://ui/run_1',
      },
    };
  }
  async receipt(): Promise<Uint8Array> {
    return Buffer.from('{}');
  }
  async startRun(body: unknown): Promise<RunAnswer> {
    this.started.push(body);
    return this.answer();
  }
  async run(): Promise<RunAnswer> {
    return this.answer();
  }
  async recording(): Promise<unknown> {
    return { events: [] };
  }
  async resetPoints() {
    return { items: [] };
  }
  async reset(): Promise<RunAnswer> {
    return this.answer();
  }
  async rerun(_id: string, only: 'failed' | 'all'): Promise<RunAnswer> {
    this.reruns.push(only);
    return this.answer();
  }
  async runs(query: object) {
    this.listed.push(query);
    return { items: [this.answer()], nextCursor: null };
  }
  async results(_id: string, query: { status?: string; limit?: number; cursor?: string }) {
    // Two pages, so that the paging is seen.
    const all = this.tests.filter((each) => !query.status || each.status === query.status);
    return query.cursor
      ? { items: all.slice(1), nextCursor: null }
      : { items: all.slice(0, 1), nextCursor: all.length > 1 ? 'next' : null };
  }
  async cancel(id: string): Promise<RunAnswer> {
    this.cancelled.push(id);
    this.verdict = 'cancelled';
    for (const wake of this.wake) wake();
    return this.answer();
  }
  async metrics(hours: number): Promise<MetricsSummary> {
    return {
      hours,
      tasks: { processed: 4, successRate: 0.75, meanMs: 2_000, p95Ms: 3_000 },
      runners: {
        active: 2,
        queued: 5,
        oldestSeconds: 7,
        utilisation: 0.5,
        each: [{ runner: 'r1', batches: 4, successRate: 0.75, errors: { timeout: 0.25 }, meanMs: 2_000 }],
        queueWaitMeanMs: null,
        queueWaitP95Ms: null,
      },
      tests: { suites: [], successRate: null, retried: 0, retrySuccessRate: null },
      fixes: { attempted: 4, successRate: 0.75 },
      workflows: { closed: null, failureRate: null },
      missing: ['workflows'],
    };
  }
  async failures(): Promise<FailureList> {
    const at = '2026-01-01T00:00:00.000Z';
    const about = { fingerprint: 'f', sample: 's', lastTest: 't', lastExecution: 'run_1', firstSeen: at, lastSeen: at };
    return { items: [{ project: 'p', pattern: 'expected <number>', runs: 3, tests: 9, ...about }] };
  }
  async artifacts() {
    return {
      items: ['report.html', 'b1.1/output.log', 'b2.1/output.log'].map((name) => ({
        name,
        digest: 'd',
        bytes: 1,
        mediaType: 'text/plain',
      })),
    };
  }
  async artifact(_id: string, name: string): Promise<Uint8Array> {
    return Buffer.from(`output of ${name}\n`);
  }
  async report(_id: string, format: ReportFormat): Promise<Uint8Array> {
    const text = this.reports[format];
    if (text === undefined) throw Object.assign(new Error(`no artifact ${format}`), { status: 404 });
    return Buffer.from(text);
  }
  async *events(): AsyncIterable<BatonEvent> {
    const common = { execution: 'run_1', project: 'p', time: new Date().toISOString() };
    yield {
      ...common,
      id: 1,
      seq: 1,
      type: 'run_planned',
      payload: { suites: ['unit'], files: 1, batches: 1, lanes: 1, predictedMs: 0, notes: [] },
    };
    if (this.verdict === 'failed')
      yield {
        ...common,
        id: 2,
        seq: 2,
        type: 'test_failed',
        payload: { batch: 'b1', stage: 1, suite: 'unit', file: 'a.ts', name: 'x', message: 'boom' },
      };
    if (this.endless) await new Promise<void>((resolve) => this.wake.push(resolve));
    this.finished = true;
    yield {
      ...common,
      id: 3,
      seq: 3,
      type: 'run_finished',
      payload: { verdict: this.verdict, totals: this.answer().totals, durationMs: 1500, problem: this.problem },
    };
  }
}

function context(): Context {
  const settings = readSettings({ BATON_HOME: home, PATH: process.env['PATH'] });
  return {
    settings,
    cwd: dir,
    root: dir,
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    connect: () => api,
    examine: async () => ({ suites: [], isolation: { level: 'none', lacks: [] } }),
  };
}
/** As main does it. */
async function baton(...args: string[]): Promise<number> {
  try {
    return await runProgram(context(), args);
  } catch (error) {
    const end = endOf(error);
    stderr += `${end.message}\n`;
    return end.exitCode;
  }
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-cli-'));
  home = join(dir, 'home');
  project = join(dir, 'project');
  mkdirSync(project);
  stdout = stderr = '';
  api = new FakeApi();
  writeManifest(home, {
    version: 1,
    startedAt: '2026-01-01T00:00:00Z',
    readyMs: 1,
    supervisor: { pid: process.pid, ticks: startTicks(process.pid) },
    temporary: false,
    parts: [],
    api: 'http://127.0.0.1:1',
    docs: 'http://127.0.0.1:1/docs',
    webUi: null,
    temporal: { address: '127.0.0.1:1', namespace: 'default' },
    data: { home, logs: join(home, 'logs'), temporal: null },
  });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const result = (name: string, status: TestResult['status']): TestResult => ({
  testId: name,
  occurrence: 1,
  kind: 'test',
  suite: 'unit',
  file: 'a.ts',
  name,
  path: [name],
  status,
  durationMs: 5,
  attempts: 1,
  message: status === 'failed' ? 'expected 1\n  to be 2' : null,
  runner: 'r',
  batch: 'b1',
});

describe('baton run', () => {
  it.each([
    ['passed', null, 0],
    ['failed', null, 1],
    ['incomplete', { name: 'NoTests', message: 'There are no tests.', usage: true }, 2],
    ['incomplete', { name: 'StoreUnavailable', message: 'The store is away.', usage: false }, 3],
    ['cancelled', null, 130],
  ] as const)('a run that is %s (%o) ends with %i', async (verdict, problem, code) => {
    Object.assign(api, { verdict, problem });
    expect(await baton('run', 'project')).toBe(code);
    expect(stdout).toContain(verdict);
    if (problem) expect(stdout).toContain(problem.message);
  });

  it('hands on what was asked for', async () => {
    await baton('run', project, '--suite', 'a', '--suite', 'b', '--filter', 'cart', '--workers', '3', '--bail');
    expect(api.started).toEqual([
      {
        source: { kind: 'directory', dir: project },
        options: { suites: ['a', 'b'], filter: 'cart', workers: 3, bail: true },
      } satisfies Partial<StartRun>,
    ]);
    await baton('run', '--commit', 'v1.2', '--repo', 'https://example.org/r.git');
    expect(api.started[1]).toEqual({
      source: { kind: 'commit', repository: 'https://example.org/r.git', commit: 'v1.2' },
      options: { bail: false },
    });
    await baton('run', project, '--commit', 'HEAD~1');
    expect(api.started[2]).toMatchObject({ source: { kind: 'commit', repository: project, commit: 'HEAD~1' } });
  });

  it('--json prints exactly one object on standard output, all pages of tests included', async () => {
    api.verdict = 'failed';
    api.tests = [result('x', 'failed'), result('y', 'passed'), result('z', 'passed')];
    expect(await baton('run', 'project', '--json')).toBe(1);
    const answer = JSON.parse(stdout);
    expect(Object.keys(answer)).toEqual(['execution', 'verdict', 'totals', 'durationMs', 'tests', 'links']);
    expect(answer.tests.map((each: { name: string }) => each.name)).toEqual(['x', 'y', 'z']);
    expect(stderr).toContain('✗ a.ts › x\n    boom\n');
  });

  it('--json prints one object also when nothing could be run', async () => {
    expect(await baton('run', 'nowhere', '--json')).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      execution: null,
      problem: { usage: true, message: `${join(dir, 'nowhere')} does not exist; give the directory of a project.` },
    });
  });

  it('writes the reports that were asked for, whole, and keeps the page', async () => {
    expect(await baton('run', 'project', '--junit', 'out/j.xml', '--ctrf', 'c.json', '--html', 'h.html')).toBe(0);
    expect(readFileSync(join(dir, 'out/j.xml'), 'utf8')).toBe('<testsuites/>');
    expect(readFileSync(join(dir, 'c.json'), 'utf8')).toBe('{}');
    expect(readFileSync(join(dir, 'h.html'), 'utf8')).toBe('<html>');
    expect(readdirSync(join(home, 'reports'))).toEqual(['run_1.html']);
    expect(stdout).toContain(join(home, 'reports', 'run_1.html'));
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is not green when a report that was asked for could not be had, and still tells the verdict', async () => {
    delete api.reports.junit;
    expect(await baton('run', 'project', '--junit', 'j.xml')).toBe(3);
    expect(stdout).toContain('✓ passed');
    expect(stderr).toContain(`${join(dir, 'j.xml')} could not be written (no artifact junit).`);
    expect(existsSync(join(dir, 'j.xml'))).toBe(false);
  });

  it('Ctrl-C cancels, waits for the partial verdict and ends with 130; npm handing the signal on again is no second one', async () => {
    api.endless = true;
    const running = baton('run', 'project');
    while (!stdout.includes('1 file in')) await new Promise((resolve) => setTimeout(resolve, 5));
    process.emit('SIGINT');
    process.emit('SIGINT');
    expect(await running).toBe(130);
    expect(api.cancelled).toEqual(['run_1']);
    expect(stdout).toContain('Cancelling; a second Ctrl-C leaves at once.');
    expect(stdout).toContain('■ cancelled');
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it('says that it uses the stack only while it does', async () => {
    await baton('run', 'project');
    expect(readdirSync(join(home, 'clients'))).toEqual([]);
  });
});

describe('a run in layers', () => {
  it.each([
    [['--use-layers'], { mode: 'layered_execution', environment: null, totalCapMs: 90 * 60_000 }],
    [['--mode', 'fast_feedback'], { mode: 'fast_feedback', environment: null, totalCapMs: 5 * 60_000 }],
    [
      ['--master-orchestration', '--env', 'prod', '--max-minutes', '7', '--no-background'],
      { mode: 'layered_execution', environment: 'production', totalCapMs: 7 * 60_000, background: [] },
    ],
    [
      ['--layers', 'e2e_background,core_integration', '--layers', 'fast_feedback', '--mode', 'hybrid_execution'],
      {
        mode: 'hybrid_execution',
        foreground: [[{ id: 'fast_feedback' }], [{ id: 'core_integration' }]],
        background: [[{ id: 'e2e_background' }]],
        backgroundAfter: false,
      },
    ],
    [
      ['--layers', 'own.yaml', '--env', 'test'],
      { mode: 'custom_mode', environment: 'testing', foreground: [[{ id: 'own', capMs: 60_000 }]] },
    ],
  ])('%j', async (args, plan) => {
    const categories = [{ name: 'unit' }];
    const layers = { own: { name: 'Own', max_duration_minutes: 1, categories } };
    writeFileSync(join(dir, 'own.yaml'), JSON.stringify({ mode: 'custom_mode', layers }));
    expect(await baton('run', 'project', ...args, '--plan', '--json'), stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(plan);
    expect(api.started).toEqual([]);
  });

  it('reads a document of layers for nothing but a run in layers', async () => {
    const unread = ['run', 'project', '--layers', 'nowhere.yaml'];
    for (const args of [['help'], ['help', 'run'], [...unread, '--help']]) expect(await baton(...args)).toBe(0);
    for (const args of [
      [...unread, '--orchestration-status'],
      [...unread, '--suite', 'unit'],
    ]) {
      stderr = '';
      await baton(...args);
      expect(stderr).not.toContain('nowhere.yaml');
    }
    expect(await baton(...unread)).toBe(2);
    expect(stderr).toContain('nowhere.yaml cannot be read');
  });
});

describe('calls that do not fit: one sentence, exit code 2, nothing started', () => {
  beforeEach(() => writeFileSync(join(dir, 'file'), ''));
  it.each([
    [['run', 'file'], /file is a file; give the directory of a project\.$/],
    [['run', '--workers', 'many'], /^--workers takes a whole number from 1 to 256, not "many"\.$/],
    [['run', '--workers', '0'], /^--workers takes a whole number from 1 to 256, not "0"\.$/],
    [['up', '--port', '70000'], /^--port takes a whole number from 0 to 65535, not "70000"\.$/],
    [['run', '--repo', 'https://x/y'], /^--repo needs --commit/],
    [['run', '--suits', 'x'], /^unknown option '--suits'\n\(Did you mean --suite\?\)$/],
    [['run', 'project', 'more'], /too many arguments/],
    [['rum'], /^unknown command 'rum'\n\(Did you mean run\?\)$/],
    [['show'], /missing required argument 'id'/],
    [['show', '../etc'], /^"\.\.\/etc" is not an execution id/],
    [['run', 'project', '--junit', 'project'], /project is a directory; give the path of a file\.$/],
    [['run', 'project', '--junit', 'file/j.xml'], /cannot be made \((ENOTDIR|EEXIST)\)\.$/],
    [['doctor', 'nowhere'], /nowhere does not exist/],
    [['start', '--project', 'nowhere'], /nowhere does not exist/],
  ])('%j', async (args, message) => {
    expect(await baton(...args)).toBe(2);
    expect(stderr.trim()).toMatch(message);
    expect(stdout).toBe('');
    expect(api.started).toEqual([]);
  });
});

describe('commands about executions', () => {
  it('runs lists them', async () => {
    expect(await baton('runs')).toBe(0);
    expect(stdout).toBe('run_1  running  2026-01-01 00:00:00    p    2 passed, 0 failed\n');
  });
  it('history lists those of a suite that came to a verdict, or stand somewhere', async () => {
    expect(await baton('history', '--status', 'failed', '--suite', 'smoke')).toBe(0);
    expect(await baton('runs', '--status', 'planning')).toBe(0);
    expect(api.listed).toEqual([
      { limit: 20, verdict: 'failed', suite: 'smoke' },
      { limit: 20, status: 'planning' },
    ]);
    expect(await baton('history', '--status', 'red')).toBe(2);
    expect(stderr).toContain('--status is one of passed, failed, blocked, incomplete, cancelled, accepted');
  });
  it('show prints failures first, and every page of them with --json', async () => {
    api.tests = [result('x', 'failed'), result('y', 'passed')];
    expect(await baton('show', 'run_1')).toBe(0);
    expect(stdout.split('\n').slice(0, 3)).toEqual(['✗ a.ts › x', '    expected 1', '      to be 2']);
    stdout = '';
    await baton('show', 'run_1', '--json');
    expect(JSON.parse(stdout).tests).toHaveLength(2);
  });
  it('logs prints what the test processes printed, all or one batch', async () => {
    await baton('logs', 'run_1');
    expect(stdout).toBe(
      '── b1.1/output.log\noutput of b1.1/output.log\n── b2.1/output.log\noutput of b2.1/output.log\n',
    );
    stdout = '';
    await baton('logs', 'run_1', '--batch', 'b2');
    expect(stdout).toBe('── b2.1/output.log\noutput of b2.1/output.log\n');
  });
  it('cancel asks for it', async () => {
    expect(await baton('cancel', 'run_1')).toBe(0);
    expect(api.cancelled).toEqual(['run_1']);
  });
  it('metrics prints the figures of the window, and what did not answer', async () => {
    expect(await baton('metrics', '--hours', '2')).toBe(0);
    expect(stdout).toContain('The last 2 hours\n');
    expect(stdout).toMatch(/Batches ended +4 +75\.0 % passed/);
    expect(stdout).toMatch(/Runners now +2 +50\.0 % busy, 5 waiting, the oldest 7/);
    expect(stdout).toMatch(/Runner r1 +4 batches +75\.0 % passed, mean 2.*, 25\.0 % timeout/);
    expect(stdout).toContain('Did not answer: workflows.');
  });
  it('failures prints groups, and --json the whole of them', async () => {
    expect(await baton('failures')).toBe(0);
    expect(stdout).toMatch(/3 runs +9 tests +2026-01-01 00:00 +p +expected <number>/);
    stdout = '';
    await baton('failures', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ runs: 3 }] });
  });
  it('open prints the address', async () => {
    expect(await baton('open', 'run_1')).toBe(0);
    expect(stdout).toBe('http://ui/run_1\n');
  });
  it('up says that it is up already', async () => {
    expect(await baton('up')).toBe(0);
    expect(stdout).toContain(`Baton is up already (pid ${process.pid}).`);
    stdout = '';
    await baton('up', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, api: 'http://127.0.0.1:1' });
  });
  it('help names every command and the exit codes', async () => {
    expect(await baton('--help')).toBe(0);
    for (const word of [
      'start',
      'up',
      'down',
      'status',
      'run',
      'runs',
      'show',
      'logs',
      'cancel',
      'open',
      'doctor',
      '130  cancelled',
    ])
      expect(stdout).toContain(word);
  });
});

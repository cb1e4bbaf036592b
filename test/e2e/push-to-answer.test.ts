/** The whole way on a whole stack: a signed push, real runners, real git over http, and what then stands at the host. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../config/package.js';
import type { ExecutionPage } from '../../domain/executions.schema.js';
import type { WatchList } from '../../domain/triggers/watch.js';
import { type FakeGitHub, startFakeGitHub } from '../support/fake-github.js';
import type { FakeRepository } from '../support/fake-github/state.js';
import { deliver, delivery, pushPayload } from '../support/fake-github/webhooks.js';
import { repository, type TestRepository } from '../adapters/vcs/repo.js';
import { openStack, type TestStack } from './support/stack.js';

const LONG = 240_000;
const SECRET = 'the secret of the e2e webhook';
const green =
  "import test from 'node:test';\nimport assert from 'node:assert';\ntest('adds up', () => assert.equal(1 + 1, 2));\n";
const red = green.replace('1 + 1, 2', '1 + 1, 3');
const slow = green
  .replace('() => assert', '() => new Promise((done) => setTimeout(done, 60_000)).then(() => assert')
  .replace('2));', '2)));');

let hub: FakeGitHub;
let repo: FakeRepository;
let clone: TestRepository;
let baton: TestStack;

beforeAll(async () => {
  hub = await startFakeGitHub('acme/shop');
  repo = hub.repository('acme/shop');
  repo.git.commit('main', { 'package.json': '{"name":"shop","type":"module"}', 'test/cart.test.js': green });
  const home = mkdtempSync(join(tmpdir(), 'baton-push-'));
  clone = repository(join(home, 'clone'));
  clone.git('remote', 'add', 'origin', `${hub.url}/acme/shop.git`);
  // By its directory: the host answers from this process, which waits for git here.
  clone.git('pull', '--quiet', repo.git.dir, 'main');
  const config = join(home, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      codeHosts: [
        {
          kind: 'github',
          url: hub.url,
          app: { id: hub.app.app, privateKey: { env: 'E2E_APP_KEY' } },
          webhookSecrets: [{ env: 'E2E_HOOK' }],
          paced: false,
        },
      ],
      triggers: [
        { type: 'webhook', name: 'push', url: '/hooks/github', workflow: 'commit-check' },
        {
          type: 'git',
          name: 'local',
          dir: clone.dir,
          workflow: 'commit-check',
          branches: ['main'],
          parameters: { context: 'local' },
        },
        { type: 'git', name: 'nowhere', dir: home, workflow: 'commit-check' },
      ],
    }),
  );
  const env = { BATON_CONFIG: config, E2E_APP_KEY: hub.app.privateKey, E2E_HOOK: SECRET };
  baton = await openStack({ runners: 2, env });
}, LONG);
afterAll(async () => {
  await baton?.stop();
  const { violations } = hub;
  await hub.stop();
  expect(violations).toEqual([]);
}, LONG);

const get = async <T>(path: string): Promise<T> =>
  (await (await fetch(`${baton.stack.manifest.api}${path}`)).json()) as T;
const executions = async (commit: string): Promise<ExecutionPage['items']> =>
  (await get<ExecutionPage>(`/api/executions?workflow=commitCheck&commit=${commit}`)).items;

async function until<T>(
  look: () => Promise<T | undefined> | T | undefined,
  what: string,
  withinMs = 120_000,
): Promise<T> {
  for (const began = performance.now(); ; ) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - began > withinMs)
      throw new Error(`${what}: ${JSON.stringify(await get('/api/deliveries')).slice(0, 3000)}`);
    await sleep(100);
  }
}

const push = (branch: string, before?: string) => delivery('push', pushPayload(hub.url, repo, branch, before), SECRET);
const send = (one: ReturnType<typeof push>) => deliver(`${baton.stack.manifest.api}/hooks/github`, one);
const cli = (args: readonly string[], cwd: string): string =>
  execFileSync(process.execPath, [join(PACKAGE_ROOT, 'scripts/baton.mjs'), ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, BATON_HOME: baton.home },
  });

describe('from a push to an answer', () => {
  it(
    'a push that is delivered three times is one execution with status, annotated check and comment, and the next green takes all back',
    async () => {
      cli(['hooks', 'install'], clone.dir);
      const commit = repo.git.commit('feature/cart', { 'test/cart.test.js': red });
      const pull = repo.openPull('feature/cart');
      const one = push('feature/cart');
      const began = performance.now();
      for (let i = 0; i < 3; i++) expect((await send(one)).status).toBe(202);
      await until(async () => ((await executions(commit)).length > 0 ? true : undefined), 'no start', 5_000);
      expect(performance.now() - began).toBeLessThan(5_000);
      const status = await until(
        () => repo.statuses.find((each) => each.sha === commit && each.state === 'failure'),
        'no status',
      );
      await until(() => (repo.comments.length > 0 ? true : undefined), 'no comment');
      const check = await until(
        () => repo.checks.find((each) => each.head_sha === commit && each.status === 'completed'),
        'no check',
      );
      expect(check).toMatchObject({ conclusion: 'failure' });
      expect(check.annotations).toMatchObject([
        { path: 'test/cart.test.js', start_line: 3, annotation_level: 'failure' },
      ]);
      expect(status.description).toContain('1 ');
      expect(repo.comments[0]).toMatchObject({ issue: pull, body: expect.stringContaining('adds up') });
      const gate = join(clone.dir, '.git', 'MERGE_BLOCKED');
      const marker = await until(() => (existsSync(gate) ? readFileSync(gate, 'utf8') : undefined), 'no marker');
      expect(marker).toContain(`feature/cart\t${commit}\t${(await executions(commit))[0]?.id}`);
      clone.git('fetch', '--quiet', repo.git.dir, commit);
      const elsewhere = join(tmpdir(), `baton-push-${process.pid}.git`);
      execFileSync('git', ['init', '--bare', '--quiet', elsewhere]);
      const pushed = (branch: string) => clone.git('push', '--quiet', elsewhere, `${commit}:refs/heads/${branch}`);
      expect(() => pushed('feature/cart')).toThrow(/Baton blocks this push/);
      expect(() => pushed('feature/other')).toThrow(/is red/);
      const fixed = repo.git.commit('feature/cart', { 'test/cart.test.js': green });
      await send(push('feature/cart', commit));
      await until(() => repo.status(fixed, 'baton')?.state === 'success' || undefined, 'no green status');
      await until(() => !existsSync(gate) || undefined, 'the marker stays');
      await until(() => repo.comments[0]?.body.includes('✅') || undefined, 'the comment stays red');
      expect(repo.comments).toHaveLength(1);
      expect(await executions(commit)).toHaveLength(1);
    },
    LONG,
  );

  it(
    'a newer push takes the place of an older one, which ends its tests',
    async () => {
      const older = repo.git.commit('feature/slow', { 'test/cart.test.js': slow });
      await send(push('feature/slow'));
      await until(async () => ((await executions(older))[0]?.status === 'running' ? true : undefined), 'no start');
      await until(() => repo.status(older, 'baton')?.state === 'pending' || undefined, 'no pending status');
      const newer = repo.git.commit('feature/slow', { 'test/cart.test.js': green });
      await send(push('feature/slow', older));
      await until(() => repo.status(newer, 'baton')?.state === 'success' || undefined, 'no green status');
      await until(() => repo.status(older, 'baton')?.state === 'error' || undefined, 'the older one says nothing');
      expect((await executions(older))[0]).toMatchObject({ status: 'cancelled' });
    },
    LONG,
  );

  it(
    'a commit in a watched clone is seen within 5 s, a commit hook returns within 1 s, and status says what is not watched',
    async () => {
      const { items } = await get<WatchList>('/api/watches');
      expect(items.find((each) => each.trigger === 'nowhere')?.problem).toContain('is no git repository');
      expect(items.find((each) => each.trigger === 'local')).toMatchObject({ problem: null });
      clone.write({ 'src/new.js': 'export {};\n' });
      clone.git('add', '-A');
      const before = performance.now();
      clone.git('commit', '--quiet', '-m', 'something new');
      expect(performance.now() - before).toBeLessThan(1_000);
      const commit = clone.git('rev-parse', 'HEAD');
      await until(async () => ((await executions(commit)).length > 0 ? true : undefined), 'not seen', 5_000);
      const queued = clone.git('rev-parse', 'refs/baton/queued');
      await until(async () => {
        const { items: runs } = await baton.client.runs({ limit: 50 });
        return runs.some((run) => run.source.kind === 'commit' && run.source.commit === queued) || undefined;
      }, 'the commit hook queued nothing');
      const done = await until(async () => (await executions(commit)).find((each) => each.endedAt !== null), 'no end');
      expect(done).toMatchObject({ outcome: 'passed', principal: 'trigger:local' });
    },
    LONG,
  );
});

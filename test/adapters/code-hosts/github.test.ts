import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeHosts } from '../../../adapters/code-hosts/index.js';
import { gitTool } from '../../../adapters/vcs/git.js';
import type { Annotation, Check, CodeHost, NewPullRequest } from '../../../domain/code-host.js';
import { type FakeGitHub, startFakeGitHub } from '../../support/fake-github.js';
import type { FakeRepository } from '../../support/fake-github/state.js';
import { primaryLimit, secondaryLimit } from '../../support/fake-host/weather.js';

let hub: FakeGitHub;
let repo: FakeRepository;
let commit: string;
let host: CodeHost;

const open = (access: { token: string } | { app: number; privateKey: string }): CodeHost => {
  const found = codeHosts([{ kind: 'github', url: hub.url, access, paced: false, timeoutMs: 2_000 }])(
    `${hub.url}/acme/shop.git`,
  );
  if (!found) throw new Error('no host');
  return found;
};

beforeEach(async () => {
  hub = await startFakeGitHub('acme/shop');
  repo = hub.repository('acme/shop');
  commit = repo.git.commit('main', { 'src/cart.js': 'module.exports = {};\n' });
  host = open(hub.app);
});

afterEach(async () => {
  const { violations } = hub;
  await hub.stop();
  expect(violations).toEqual([]);
});

const created = (method: string, path: RegExp): number =>
  hub.requests.filter((each) => each.method === method && path.test(each.path)).length;

describe('statuses', () => {
  const red = {
    context: 'baton',
    state: 'failure',
    description: 'x'.repeat(300),
    url: 'https://ci.example/r/1',
  } as const;

  it('sets one, cut to what GitHub takes, and does not set the same one again', async () => {
    await host.setStatus(commit, { ...red, state: 'pending', description: 'running' });
    await host.setStatus(commit, red);
    await host.setStatus(commit, red);
    expect(repo.statuses.map((each) => each.state)).toEqual(['pending', 'failure']);
    expect(repo.status(commit, 'baton')).toMatchObject({ target_url: red.url, description: `${'x'.repeat(139)}…` });
  });

  it('finds its own among a hundred others', async () => {
    await host.setStatus(commit, red);
    for (let i = 0; i < 150; i++) repo.statuses.push({ ...repo.statuses[0]!, id: i, context: `other ${i}` });
    await host.setStatus(commit, red);
    expect(repo.statuses.filter((each) => each.context === 'baton')).toHaveLength(1);
  });

  it('a status whose answer was lost is looked up and not set twice', async () => {
    hub.weather.on('POST', /statuses/, { kind: 'drop', when: 'after' });
    await expect(host.setStatus(commit, red)).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    await host.setStatus(commit, red);
    expect(repo.statuses).toHaveLength(1);
  });
});

describe('checks', () => {
  const at = (line: number): Annotation => ({
    path: 'src/cart.js',
    line,
    title: 'adds up',
    message: 'expected 3, got 4',
  });
  const check = (count: number, state: Check['state'] = 'failure'): Check => ({
    name: 'baton',
    state,
    title: `${count} tests failed`,
    summary: '**red**',
    url: 'https://ci.example/r/1',
    annotations: Array.from({ length: count }, (_, i) => at(i + 1)),
  });

  it('is one check run that goes from running to its end with every annotation, 50 in a request', async () => {
    await host.setCheck(commit, { ...check(0), state: 'in_progress' });
    await host.setCheck(commit, check(120));
    expect(repo.checks).toHaveLength(1);
    expect(repo.checks[0]).toMatchObject({ status: 'completed', conclusion: 'failure', title: '120 tests failed' });
    expect(repo.checks[0]?.annotations.map((each) => each.start_line)).toEqual(
      Array.from({ length: 120 }, (_, i) => i + 1),
    );
  });

  it('goes on where it broke off: no annotation twice, none missing', async () => {
    await host.setCheck(commit, { ...check(0), state: 'in_progress' });
    hub.weather.on('PATCH', /check-runs/, { kind: 'drop', when: 'after' });
    hub.weather.on('PATCH', /check-runs/, { kind: 'answer', status: 502, body: {} }, 10);
    await expect(host.setCheck(commit, check(120))).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    hub.weather.clear();
    await host.setCheck(commit, check(120));
    expect(repo.checks).toHaveLength(1);
    expect(repo.checks[0]?.annotations.map((each) => each.start_line)).toEqual(
      Array.from({ length: 120 }, (_, i) => i + 1),
    );
  });

  it('other annotations need a run of their own, which is then the latest', async () => {
    await host.setCheck(commit, check(2));
    await host.setCheck(commit, check(1));
    expect(repo.checks.map((each) => each.annotations.length)).toEqual([2, 1]);
    await host.setCheck(commit, check(1));
    expect(repo.checks).toHaveLength(2);
  });

  it('becomes a status where only a token is there', async () => {
    await open({ token: hub.token }).setCheck(commit, check(1));
    expect(repo.checks).toEqual([]);
    expect(repo.status(commit, 'baton')).toMatchObject({ state: 'failure', description: '1 tests failed' });
  });
});

describe('comments', () => {
  it('is one per marker, kept up to date, whatever others wrote', async () => {
    repo.git.commit('feature/a', { 'src/cart.js': 'changed\n' });
    const pull = repo.openPull('feature/a');
    for (let i = 0; i < 40; i++)
      repo.comments.push({ id: i, issue: pull, login: 'grace', body: `talk ${i}`, edits: 0 });
    await host.comment(pull, 'verdict', '2 failed');
    const forged = repo.comments.at(-1)?.body ?? '';
    repo.comments.unshift({ id: 999, issue: pull, login: 'mallory', body: forged, edits: 0 });
    await host.comment(pull, 'verdict', '1 failed, and <!-- baton:other --> quoted');
    await host.comment(pull, 'verdict', '1 failed, and <!-- baton:other --> quoted');
    await host.comment(pull, 'other', 'something else');
    const own = repo.comments.filter((each) => each.login === 'baton-app[bot]');
    expect(own.map((each) => [each.body.split('\n')[0], each.edits])).toEqual([
      ['1 failed, and <!-- baton:other --> quoted', 1],
      ['something else', 0],
    ]);
  });

  it('one that was written while its answer was lost is not written again', async () => {
    repo.git.commit('feature/a', { 'src/cart.js': 'changed\n' });
    const pull = repo.openPull('feature/a');
    hub.weather.on('POST', /comments/, { kind: 'drop', when: 'after' });
    await expect(host.comment(pull, 'verdict', 'red')).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    await host.comment(pull, 'verdict', 'red');
    expect(repo.comments).toHaveLength(1);
  });
});

describe('pull requests', () => {
  const wanted: NewPullRequest = {
    head: 'fix/auto-generated-1',
    base: 'main',
    title: 'Fix the cart',
    body: 'evidence',
    draft: true,
    labels: ['auto-fix', 'needs-review'],
    reviewers: ['@ada', 'acme/core', '@gone', 'someone@example.org'],
  };

  beforeEach(() => void repo.git.commit('fix/auto-generated-1', { 'src/cart.js': 'fixed\n' }));

  it('opens one with labels and reviewers, and finds it again after an answer was lost', async () => {
    hub.weather.on('POST', /pulls$/, { kind: 'drop', when: 'after' });
    await expect(host.openPullRequest(wanted)).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    const pull = await host.openPullRequest(wanted);
    expect(await host.openPullRequest(wanted)).toEqual(pull);
    expect(pull).toMatchObject({ number: 1, state: 'open', draft: true, commit: repo.git.head(wanted.head) });
    expect(repo.issues).toHaveLength(1);
    expect(repo.issues[0]).toMatchObject({ labels: wanted.labels, pull: { reviewers: ['ada'], teams: ['core'] } });
    expect(repo.labels.map((each) => each.name)).toEqual(['bug', 'auto-fix', 'needs-review']);
  });

  it('leaves one alone that a person has closed', async () => {
    const { number } = await host.openPullRequest(wanted);
    repo.issue(number)!.state = 'closed';
    expect(await host.openPullRequest(wanted)).toMatchObject({ number, state: 'closed' });
    expect(await host.pullRequestsOf(wanted.head)).toHaveLength(1);
    expect(await host.pullRequest(77)).toBeUndefined();
  });

  it('is not a draft where the plan has none', async () => {
    repo.drafts = false;
    expect(await host.openPullRequest(wanted)).toMatchObject({ draft: false });
  });

  it('git pushes and fetches with credentials that no command line shows', async () => {
    const { url, env } = await host.pushAddress();
    expect(url).toBe(`${hub.url}/acme/shop.git`);
    const git = gitTool(process.env);
    const dir = repo.git.dir;
    await git(['fetch', '--quiet', '--', url, '+refs/heads/*:refs/heads/*'], { dir, gitDir: dir, config: 'none', env });
    expect(JSON.stringify(url)).not.toContain('ghs_');
    expect(Object.keys(env).sort()).toEqual(['GIT_CONFIG_COUNT', 'GIT_CONFIG_KEY_0', 'GIT_CONFIG_VALUE_0']);
  });
});

describe('issues', () => {
  it('is one per marker: made, updated, closed, and opened again', async () => {
    const text = { title: 'cart adds up', body: 'fails since noon', labels: ['flaky'] };
    hub.weather.on('POST', /issues$/, { kind: 'drop', when: 'after' });
    await expect(host.issue('cart', text)).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    const { number } = await host.issue('cart', text);
    await host.issue('cart', { ...text, body: 'fails since yesterday' });
    await host.issue('basket', text);
    await host.closeIssue('cart', 'green again');
    await host.closeIssue('cart', 'green again');
    expect(repo.issues.map((each) => [each.title, each.state])).toEqual([
      ['cart adds up', 'closed'],
      ['cart adds up', 'open'],
    ]);
    expect(repo.issue(number)?.body).toContain('fails since yesterday');
    expect(repo.comments.map((each) => each.body.split('\n')[0])).toEqual(['green again']);
    expect(await host.issue('cart', text)).toMatchObject({ number });
    expect(repo.issue(number)?.state).toBe('open');
  });
});

describe('a host that is slow, full or away', () => {
  const green = { context: 'baton', state: 'success', description: 'all green' } as const;

  it('waits out a short limit by itself, as long as GitHub says', async () => {
    hub.weather.on('POST', /statuses/, secondaryLimit(1));
    const began = performance.now();
    await host.setStatus(commit, green);
    expect(performance.now() - began).toBeGreaterThan(950);
    expect(repo.statuses).toHaveLength(1);
  });

  it.each([
    ['a long secondary limit', () => secondaryLimit(120), 120_000],
    ['429', () => secondaryLimit(90, 429), 90_000],
    ['a used-up quota', () => primaryLimit(600), 601_000],
  ])('%s becomes a problem that says how long to stay away', async (_name, effect, waitMs) => {
    hub.weather.on('*', /./, effect(), 50);
    const problem = await host.setStatus(commit, green).then(
      () => undefined,
      (error: { problem: string; retryAfterMs: number }) => error,
    );
    expect(problem).toMatchObject({ problem: 'CodeHostUnavailable' });
    expect(Math.abs((problem?.retryAfterMs ?? 0) - waitMs)).toBeLessThan(2_500);
  });

  it('does not wait for ever, and repeats no request that creates', async () => {
    hub.weather.on('POST', /statuses/, { kind: 'slow', ms: 3_000 });
    await expect(host.setStatus(commit, green)).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    hub.weather.on('POST', /statuses/, { kind: 'answer', status: 502, body: {} }, 9);
    await expect(host.setStatus(commit, green)).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    expect(created('POST', /statuses/)).toBe(1);
  });

  it('a refusal says what to do and is not repeated', async () => {
    await expect(open({ token: 'ghp_wrong' }).setStatus(commit, green)).rejects.toMatchObject({
      problem: 'CodeHostRefused',
      message: expect.stringContaining('give it a valid one'),
    });
    await expect(host.setStatus('f'.repeat(40), green)).rejects.toMatchObject({ problem: 'CodeHostRefused' });
    expect(created('POST', /statuses/)).toBe(1);
  });

  it('a token of the App that has ended is replaced by a new one', async () => {
    await host.setStatus(commit, green);
    hub.apps.tokens.clear();
    await expect(open(hub.app).setStatus(commit, { ...green, state: 'failure' })).resolves.toContain('/statuses/');
    expect(created('POST', /access_tokens/)).toBe(2);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeHosts } from '../../../adapters/code-hosts/index.js';
import type { CodeHost } from '../../../domain/code-host.js';
import { type FakeGitLab, startFakeGitLab } from '../../support/fake-gitlab.js';

let lab: FakeGitLab;
let commit: string;
let host: CodeHost;

beforeEach(async () => {
  lab = await startFakeGitLab('group/sub/shop');
  commit = lab.git.commit('main', { 'src/cart.js': 'module.exports = {};\n' });
  lab.git.commit('fix/auto-generated-1', { 'src/cart.js': 'fixed\n' });
  const found = codeHosts([{ kind: 'gitlab', url: lab.url, token: lab.token, timeoutMs: 2_000 }])(
    `${lab.url}/group/sub/shop.git`,
  );
  if (!found) throw new Error('no host');
  host = found;
});

afterEach(async () => {
  const { violations } = lab;
  await lab.stop();
  expect(violations).toEqual([]);
});

describe('GitLab', () => {
  const pending = { context: 'baton', state: 'pending', description: 'running', url: 'https://ci.example/1' } as const;

  it('a status goes from pending to its end once, also when it is told twice', async () => {
    lab.weather.on('POST', /statuses/, { kind: 'drop', when: 'after' });
    await expect(host.setStatus(commit, pending)).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    await host.setStatus(commit, pending);
    await host.setStatus(commit, { ...pending, state: 'failure', description: '2 failed' });
    await host.setStatus(commit, { ...pending, state: 'failure', description: '2 failed' });
    expect(lab.statuses.map((each) => [each.name, each.status, each.description])).toEqual([
      ['baton', 'failed', '2 failed'],
    ]);
  });

  it('a check is a status, because there are no checks', async () => {
    await host.setCheck(commit, {
      name: 'baton',
      state: 'failure',
      title: '1 test failed',
      summary: '',
      annotations: [{ path: 'src/cart.js', line: 1, title: 't', message: 'm' }],
    });
    expect(lab.statuses).toMatchObject([{ status: 'failed', description: '1 test failed' }]);
  });

  it('opens a merge request once, as a draft with labels and reviewers', async () => {
    const wanted = {
      head: 'fix/auto-generated-1',
      base: 'main',
      title: 'Fix the cart',
      body: 'evidence',
      draft: true,
      labels: ['auto-fix', 'needs-review'],
      reviewers: ['@ada', '@nobody', 'group/core'],
    };
    lab.weather.on('POST', /merge_requests$/, { kind: 'drop', when: 'after' });
    await expect(host.openPullRequest(wanted)).rejects.toMatchObject({ problem: 'CodeHostUnavailable' });
    const pull = await host.openPullRequest(wanted);
    expect(pull).toMatchObject({ number: 1, state: 'open', draft: true, head: wanted.head, base: 'main' });
    expect(lab.mergeRequests).toMatchObject([{ labels: wanted.labels, reviewers: [{ id: 8 }] }]);
    expect(await host.pullRequest(1)).toEqual(pull);
    expect(await host.pullRequest(2)).toBeUndefined();
  });

  it('keeps one note per marker, and does not touch those of others', async () => {
    lab.notes.push({ id: 1, of: 'merge_requests 1', author: { id: 8 }, body: 'red\n\n<!-- baton:verdict -->' });
    await host.comment(1, 'verdict', 'red');
    await host.comment(1, 'verdict', 'green');
    expect(lab.notes.map((each) => [each.author.id, each.body.split('\n')[0]])).toEqual([
      [8, 'red'],
      [7, 'green'],
    ]);
  });

  it('keeps one issue per marker, closes it and opens it again', async () => {
    const text = { title: 'cart adds up', body: 'fails', labels: [] };
    await host.issue('cart', text);
    await host.closeIssue('cart', 'green again');
    expect(lab.issues).toMatchObject([{ state: 'closed' }]);
    await host.issue('cart', text);
    expect(lab.issues).toMatchObject([{ state: 'opened', title: 'cart adds up' }]);
    expect(lab.notes.map((each) => each.body.split('\n')[0])).toEqual(['green again']);
  });

  it('waits out a short limit, and says how long a long one is', async () => {
    const limit = (seconds: number) =>
      ({ kind: 'answer', status: 429, headers: { 'retry-after': String(seconds) }, body: {} }) as const;
    lab.weather.on('POST', /statuses/, limit(1));
    await host.setStatus(commit, pending);
    expect(lab.statuses).toHaveLength(1);
    lab.weather.on('*', /./, limit(300), 9);
    await expect(host.setStatus(commit, { ...pending, state: 'success' })).rejects.toMatchObject({
      problem: 'CodeHostUnavailable',
      retryAfterMs: 300_000,
    });
  });

  it('a refusal says what to do', async () => {
    await expect(host.setStatus('f'.repeat(40), pending)).rejects.toMatchObject({
      problem: 'CodeHostRefused',
      message: expect.stringContaining('404'),
    });
  });
});

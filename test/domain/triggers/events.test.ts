import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { globMatcher } from '../../../adapters/process/glob.js';
import { CloudEvent, cloudHappening } from '../../../domain/triggers/cloud-event.schema.js';
import { githubEvent } from '../../../domain/triggers/github-event.js';
import { gitlabEvent } from '../../../domain/triggers/gitlab-event.js';
import { type Happening, NOTHING_TOLD, type Reading } from '../../../domain/triggers/happening.js';
import { around, type Pushed } from '../../../domain/triggers/lane.js';
import { whyNot } from '../../../domain/triggers/match.js';
import { filled } from '../../../domain/triggers/params.js';
import { pullRequestChanged } from '../../../domain/triggers/pull-request.js';
import { Trigger } from '../../../domain/triggers/trigger.schema.js';
import { FakeRepository } from '../../support/fake-github/state.js';
import { pullRequestPayload, pushPayload } from '../../support/fake-github/webhooks.js';

const URL = 'https://github.example';
/** A reference as it stands in the parameters of a trigger. */
const of = (name: string): string => `$\{${name}}`;
const matches = (pattern: string, text: string): boolean => globMatcher([pattern])(text);
const happened = (reading: Reading): Happening => {
  if ('ignored' in reading) throw new Error(reading.ignored);
  return reading.happening;
};
let repo: FakeRepository;
let first: string;
beforeAll(() => {
  repo = new FakeRepository('acme', 'shop');
  first = repo.git.commit('main', { 'src/a.ts': 'a', 'docs/b.md': 'b' });
  repo.git.commit('main', { 'src/a.ts': 'changed', 'docs/b.md': null });
  repo.git.commit('feature/x', { 'src/x.ts': 'x' });
});
afterAll(() => repo.git.remove());

describe('what GitHub delivers', () => {
  it('a push with the files it changed', () => {
    expect(happened(githubEvent('push', pushPayload(URL, repo, 'main', first)))).toMatchObject({
      event: 'push',
      repository: `${URL}/acme/shop.git`,
      path: 'acme/shop',
      branch: 'main',
      commit: repo.git.head('main'),
      before: first,
      paths: ['docs/b.md', 'src/a.ts'],
    });
  });

  it('a pull request that was opened, merged, or comes from a fork', () => {
    const number = repo.openPull('feature/x');
    const opened = pullRequestPayload(URL, repo, number, 'opened') as { pull_request: { head: { repo: object } } };
    expect(happened(githubEvent('pull_request', opened))).toMatchObject({
      event: 'pull_request',
      branch: 'main',
      commit: repo.git.head('feature/x'),
      pullRequest: { number, state: 'open', head: 'feature/x', fork: false },
    });
    const forked = structuredClone(opened);
    forked.pull_request.head.repo = { full_name: 'mallory/shop' };
    expect(happened(githubEvent('pull_request', forked)).pullRequest?.fork).toBe(true);
    repo.endPull(number, 'merged', 'grace');
    const merged = happened(githubEvent('pull_request', pullRequestPayload(URL, repo, number, 'closed')));
    expect(merged).toMatchObject({ event: 'merge', commit: repo.git.head('main') });
    expect(pullRequestChanged(merged)).toMatchObject({ number, state: 'merged', head: 'feature/x', by: 'grace' });
  });

  it.each([
    ['push', { ref: 'refs/heads/main' }],
    ['push', { ...{ ref: 'refs/heads/main', before: 'x', after: 'y' } }],
    ['pull_request', { action: 'labeled' }],
    ['ping', {}],
    ['star', { action: 'created' }],
    ['push', null],
    ['push', JSON.parse('{"__proto__": {"ref": 1}, "constructor": 2}')],
  ])('%s that is of no interest or not as documented is ignored with a reason', (event, body) => {
    expect(githubEvent(event, body)).toEqual({ ignored: expect.any(String) });
  });

  it('anything at all is read or ignored, and never an error', () => {
    const event = fc.constantFrom('push', 'pull_request', 'deployment_status', 'release', 'x');
    fc.assert(
      fc.property(event, fc.jsonValue(), (name, body) => void githubEvent(name, body)),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (name, body) => void gitlabEvent(name, body)),
      { numRuns: 200 },
    );
  });
});

describe('what GitLab delivers', () => {
  const project = { path_with_namespace: 'group/shop', git_http_url: 'https://gitlab.example/group/shop.git' };
  const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];

  it('a push, and a merge request that was merged', () => {
    const push = { ref: 'refs/heads/main', before: a, after: b, total_commits_count: 30, commits: [], project };
    expect(happened(gitlabEvent('Push Hook', push))).toMatchObject({
      event: 'push',
      branch: 'main',
      commit: b,
      paths: null,
    });
    const merge = {
      project,
      user: { username: 'grace' },
      object_attributes: {
        iid: 3,
        title: 't',
        state: 'merged',
        action: 'merge',
        source_branch: 'f',
        target_branch: 'main',
        source_project_id: 1,
        target_project_id: 1,
        merge_commit_sha: b,
      },
    };
    expect(happened(gitlabEvent('Merge Request Hook', merge))).toMatchObject({
      event: 'merge',
      commit: b,
      pullRequest: { by: 'grace' },
    });
    expect(gitlabEvent('Push Hook', { ...push, after: '0'.repeat(40) })).toEqual({
      ignored: expect.stringContaining('deleted'),
    });
  });
});

describe('a trigger', () => {
  const hook = (change: object = {}): Trigger =>
    Trigger.parse({ type: 'webhook', name: 'ci', url: '/hooks/ci', ...change });
  const push = (change: Partial<Happening> = {}): Happening => ({
    ...NOTHING_TOLD,
    event: 'push',
    path: 'acme/shop',
    branch: 'main',
    commit: 'c',
    paths: ['src/a.ts'],
    ...change,
  });
  const pull = { number: 1, state: 'open', head: 'f', fork: false, title: '' } as const;

  it.each<[string, Trigger, Happening, string | undefined]>([
    ['fires for a listed branch', hook(), push(), undefined],
    ['* stays below one folder', hook(), push({ branch: 'feature/a' }), undefined],
    ['* does not go deeper', hook(), push({ branch: 'feature/a/b' }), 'not for the branch'],
    ['not for another branch', hook(), push({ branch: 'wip' }), 'not for the branch wip'],
    ['not when disabled', hook({ enabled: false }), push(), 'disabled'],
    ['not for another event', hook({ events: ['release'] }), push(), 'not for the event push'],
    ['a merge counts as a pull request', hook({ events: ['pull_request'] }), push({ event: 'merge' }), undefined],
    ['by changed files', hook({ paths: ['src/**'] }), push(), undefined],
    ['not when no file fits', hook({ paths: ['web/**'] }), push(), 'no changed file'],
    ['files that are not told may fit', hook({ paths: ['web/**'] }), push({ paths: null }), undefined],
    ['not for another repository', hook({ repositories: ['acme/web'] }), push(), 'not for the repository'],
    ['not for a fork', hook(), push({ event: 'pull_request', pullRequest: { ...pull, fork: true } }), 'fork'],
    ['not when closed', hook(), push({ event: 'pull_request', pullRequest: { ...pull, state: 'closed' } }), 'closed'],
  ])('%s', (_name, trigger, happening, reason) => {
    const answer = whyNot(trigger, happening, '/hooks/ci', matches);
    if (reason === undefined) expect(answer).toBeUndefined();
    else expect(answer).toContain(reason);
    expect(whyNot(trigger, happening, '/hooks/other', matches)).toBeDefined();
  });

  it('fires for a CloudEvent by type and source, with values of its data', () => {
    const event = CloudEvent.parse({
      specversion: '1.0',
      id: '1',
      source: '/deploy/eu',
      type: 'org.example.deployed',
      data: { version: '1.2.3', environment: 'staging', deep: { list: [1] } },
    });
    const happening = cloudHappening(event);
    const trigger = Trigger.parse({ type: 'event', name: 'deployed', types: ['org.example.*'] });
    expect(whyNot(trigger, happening, 'event:/deploy/eu', matches)).toBeUndefined();
    expect(
      filled({ v: of('version'), d: [of('data.deep'), `x ${of('version')}`], no: of('data.__proto__') }, happening),
    ).toEqual({
      v: '1.2.3',
      d: [{ list: [1] }, `x ${of('version')}`],
      no: null,
    });
    expect(CloudEvent.safeParse({ specversion: '0.3', id: '1', source: 's', type: 't' }).success).toBe(false);
  });
});

describe('commits of a branch', () => {
  const chain: Pushed[] = ['a', 'b', 'c', 'd', 'e'].map((commit, i, all) => ({
    commit,
    before: all[i - 1] ?? null,
    at: null,
  }));
  const permutations = <T>(all: readonly T[]): T[][] =>
    all.length === 0 ? [[]] : all.flatMap((one, i) => permutations(all.toSpliced(i, 1)).map((rest) => [one, ...rest]));

  it('the newest one is the newest in whatever order five pushes arrive', () => {
    for (const order of permutations(chain)) {
      expect(around(chain[4]!, order).newer).toEqual([]);
      expect(
        around(chain[4]!, order)
          .older.map((each) => each.commit)
          .sort(),
      ).toEqual(['a', 'b', 'c', 'd']);
      expect(around(chain[0]!, order).older).toEqual([]);
    }
  });

  it('times decide where the pushes between are not known, and nothing where neither tells', () => {
    const [a, c] = [
      { commit: 'a', before: null, at: 1 },
      { commit: 'c', before: 'b', at: 2 },
    ];
    expect(around(a, [a, c]).newer).toEqual([c]);
    expect(around({ ...a, at: null }, [a, c])).toEqual({ newer: [], older: [] });
    const circle = [
      { commit: 'a', before: 'b', at: 2 },
      { commit: 'b', before: 'a', at: 1 },
    ];
    expect(around(circle[0]!, circle).older).toHaveLength(1);
  });
});

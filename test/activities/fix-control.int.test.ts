/** The control side of fixes on a real ledger and a real git, with a code host that is an object of ours. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixControlActivities, type FixControlDeps } from '../../activities/fix/control.js';
import { pagesOf } from '../../config/pages.js';
import { fixBranches } from '../../adapters/vcs/fix-branch.js';
import type { CodeHost, NewPullRequest, PullRequest } from '../../domain/code-host.js';
import type { FixControlActivities } from '../../domain/fix/activities.js';
import type { Candidate } from '../../domain/fix/candidate.schema.js';
import type { RepairReport } from '../../domain/fix/report.schema.js';
import { FixSettings } from '../../domain/fix/settings.schema.js';
import { fixArtifact } from '../../domain/fix/work.schema.js';
import type { ArtifactRef, ArtifactStore } from '../../domain/ports.js';
import type { TestResult } from '../../domain/result.schema.js';
import { suiteOf } from '../bench/fix.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';

const PROJECT = join(import.meta.dirname, '../fixtures/fix/cheats/project');
let dir: string;
let bare: string;
let commit: string;
let store: TestLedger;
let activities: FixControlActivities;
const blobs = new Map<string, Uint8Array>();
const named: ArtifactRef[] = [];
const opened: NewPullRequest[] = [];

type Activity = (input: never) => Promise<unknown>;

const git = (cwd: string, ...args: string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();

const artifacts = {
  async put(bytes: Uint8Array) {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, bytes);
    return { digest, bytes: bytes.byteLength };
  },
  get: async (digest: string) => blobs.get(digest)!,
} as Pick<ArtifactStore, 'get'> as ArtifactStore;

/** Loses its first answer, as a network does. */
const host = {
  kind: 'github',
  repository: 'acme/shop',
  pushAddress: async () => ({ url: bare, env: {} }),
  async openPullRequest(request: NewPullRequest): Promise<PullRequest> {
    const known = opened.findIndex(({ head }) => head === request.head);
    if (known < 0) {
      opened.push(request);
      throw new Error('the connection was lost after the request');
    }
    return {
      number: known + 1,
      url: `https://code.example.org/pull/${known + 1}`,
      state: 'open',
      draft: request.draft,
      head: request.head,
      base: request.base,
      commit: '',
      title: request.title,
    };
  },
} as unknown as CodeHost;

const failed: TestResult = {
  testId: 't1',
  occurrence: 1,
  kind: 'test',
  suite: 'unit',
  file: 'test/price.test.js',
  name: 'ten are cheaper @everyone closes #1 <img src=x>',
  path: ['ten are cheaper'],
  status: 'failed',
  durationMs: 5,
  attempts: 2,
  message: '30 !== 27\n![x](https://evil.example/leak)',
  runner: null,
  batch: null,
  fault: 'failure',
  blame: null,
};

const PATCH = [
  '--- a/src/price.js',
  '+++ b/src/price.js',
  '@@ -6,3 +6,3 @@',
  '   const full = each * pieces;',
  '-  return pieces > 10 ? round(full * 0.9) : round(full);',
  '+  return pieces >= 10 ? round(full * 0.9) : round(full);',
  ' }',
  '',
].join('\n');

const candidate: Candidate = {
  id: 't1',
  origin: 'template',
  kind: 'comparison',
  title: '`>=` in place of `>`',
  diff: '',
  file: 'src/price.js',
  line: 7,
  suspicion: 1,
  prior: 1,
  closeness: 1,
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'baton-fix-control-'));
  const work = join(dir, 'work');
  bare = join(dir, 'shop.git');
  cpSync(PROJECT, work, { recursive: true });
  git(dir, 'init', '--quiet', '--bare', bare);
  git(work, 'init', '--quiet', '--initial-branch=main');
  git(work, 'add', '-A');
  git(work, '-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', 'commit', '--quiet', '-m', 'first');
  git(work, 'push', '--quiet', bare, 'main');
  commit = git(work, 'rev-parse', 'HEAD');
  store = await openTestLedger();
  const repository = 'https://code.example.org/acme/shop';
  const run = {
    id: 'run_x',
    project: 'shop',
    trust: 'trusted',
    status: 'finished',
    verdict: 'failed',
    branch: 'main',
    commit,
    source: { kind: 'commit', repository, commit },
  };
  const plan = {
    version: 1,
    project: 'shop',
    root: '/x',
    commit,
    tree: null,
    branch: 'main',
    dirty: false,
    lanes: 1,
    suites: [suiteOf()],
    files: [],
    batches: [],
    notes: [],
  };
  const { digest } = await artifacts.put(Buffer.from(JSON.stringify(plan)));
  const ledger = {
    ...store.ledger,
    run: async (id: string) => (id === 'run_x' ? run : undefined),
    planDigest: async () => digest,
    results: async () => ({ items: [failed], nextCursor: null }),
    artifacts: async () => named,
    addArtifact: async (_: string, artifact: ArtifactRef) => void named.push(artifact),
  } as unknown as FixControlDeps['ledger'];
  for (const id of ['wf_1', 'wf_2', 'wf_3'])
    await store.ledger.executions.create({
      id,
      workflow: 'autoFix',
      params: {},
      subject: {},
      parent: null,
      project: 'shop',
      principal: 'ann',
      trust: 'trusted',
    });
  const env = new MockActivityEnvironment();
  const real = createFixControlActivities({
    ledger,
    artifacts,
    branches: fixBranches({ environment: process.env, tempDir: dir }),
    hosts: (address) => (address === repository ? host : undefined),
    model: undefined,
    settings: FixSettings.parse({}),
    pages: pagesOf({ publicUrl: 'https://baton.example' }, { webUrl: () => null }),
  });
  activities = Object.fromEntries(
    Object.entries(real).map(([name, run]) => [name, (input: never) => env.run(run as Activity, input)]),
  ) as unknown as FixControlActivities;
});
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('one failure', () => {
  it('is taken by one fix at a time, which may ask again', async () => {
    const first = await activities.planFix({ run: 'run_x', fix: 'wf_1', level: null });
    expect(first).toMatchObject({ fixable: true, level: 'suggest', tests: 1, project: 'shop' });
    expect(await activities.planFix({ run: 'run_x', fix: 'wf_1', level: null })).toEqual(first);
    expect(await activities.planFix({ run: 'run_x', fix: 'wf_2', level: 'apply' })).toMatchObject({
      fixable: false,
      sentence: 'wf_1 works on this failure already.',
    });
  });

  it('is offered once, whatever is lost on the way', async () => {
    const report: RepairReport = {
      version: 1,
      outcome: 'verified',
      sentence: 'Candidate 1 of 40 is verified.',
      failing: [{ suite: 'unit', file: failed.file, test: failed.name }],
      located: 'coverage',
      suspects: [],
      candidates: 40,
      refused: [],
      tried: 30,
      timeouts: 0,
      survivors: [],
      finalists: [
        {
          candidate: { ...candidate, diff: PATCH },
          refuted: null,
          repeats: 3,
          wholeTests: 6,
          revertedRed: 1,
          sabotage: 'red',
          rank: 1,
        },
      ],
      winner: 't1',
      rivals: [],
      durationMs: 10,
    };
    const stored = await artifacts.put(Buffer.from(JSON.stringify(report)));
    named.push({ name: fixArtifact('wf_1', 'report'), ...stored, mediaType: 'application/json' });
    const earlier = {
      id: 'fix/wf_0/t1',
      execution: 'wf_0',
      score: 0.9123,
      text: '30 !== 27 <b>',
      fix: 'a ` b: merged',
    };
    const known = { class: 'assertion', why: null, earlier: [earlier] };
    const offer = () => activities.offerFix({ run: 'run_x', fix: 'wf_1', base: null, approvedBy: 'ann', known });
    await expect(offer()).rejects.toThrow('the connection was lost');
    const offered = await offer();
    expect(await offer()).toEqual(offered);
    expect(offered).toMatchObject({
      pullRequest: { number: 1 },
      branch: 'fix/auto-generated-wf_1',
      authorEmail: 'ann@example.org',
    });
    expect(git(bare, 'rev-parse', 'fix/auto-generated-wf_1')).toBe(offered.commit);
    expect(git(bare, 'rev-list', '--count', `${commit}..fix/auto-generated-wf_1`)).toBe('1');
    expect(git(bare, 'diff', '--stat', commit, 'fix/auto-generated-wf_1')).toContain(
      '1 file changed, 1 insertion(+), 1 deletion(-)',
    );
    const message = git(bare, 'log', '-1', '--format=%B', 'fix/auto-generated-wf_1');
    for (const part of ['Failure:', 'ten are cheaper', 'Cause: line 7 of src/price.js', 'Change:', 'https:'])
      expect(message).toContain(part);
    expect(opened).toHaveLength(1);
    expect(opened[0]).toMatchObject({
      draft: true,
      base: 'main',
      labels: ['auto-fix', 'needs-review'],
      reviewers: ['acme/shop'],
    });
    const { body } = opened[0]!;
    expect(body).toContain('| The failing tests without the patch again | 1 red |');
    expect(body).toContain('- `30 !== 27 ‹b›`: `a ˋ b: merged` (`fix/wf_0/t1`, likeness 0.91)');
    for (const page of ['runs/run_x', 'runs/run_x/report', 'executions/wf_1'])
      expect(body).toContain(`https://baton.example/api/${page}`);
    expect(await store.ledger.fixes.ofRun('run_x')).toMatchObject([
      { execution: 'wf_1', state: 'offered', pullRequest: 1, url: 'https://code.example.org/pull/1', by: 'ann' },
    ]);
    expect(body).not.toMatch(/@everyone|closes #1|<img|https:\/\/evil/);
  });

  it('keeps a no, and takes away a branch that nobody has worked on', async () => {
    const at = git(bare, 'rev-parse', 'fix/auto-generated-wf_1');
    const settle = (removeBranch: { commit: string }) =>
      activities.settleFix({ run: 'run_x', fix: 'wf_1', state: 'closed', by: 'bob', removeBranch });
    expect(await settle({ commit })).toEqual({ branchRemoved: false });
    expect(await settle({ commit: at })).toEqual({ branchRemoved: true });
    expect(git(bare, 'branch', '--list', 'fix/*')).toBe('');
    expect(await activities.planFix({ run: 'run_x', fix: 'wf_3', level: null })).toMatchObject({
      fixable: false,
      sentence: expect.stringContaining('bob said no'),
    });
  });
});

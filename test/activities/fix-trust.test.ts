import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';
import { createFixRunnerActivities, type FixRunnerDeps } from '../../activities/fix/runner.js';
import type { Candidate } from '../../domain/fix/candidate.schema.js';
import type { TrustClass } from '../../domain/run.schema.js';

const candidate = (origin: Candidate['origin']): Candidate => ({
  id: 'c1',
  origin,
  kind: 'other',
  title: 'A change',
  diff: '',
  file: 'src/price.js',
  line: 1,
  suspicion: 1,
  prior: 1,
  closeness: 1,
});

/** Where the checkout is asked for, the look ends: what runs in it has that class of trust. */
async function trustOf(step: 'tryFixes' | 'verifyFixes', origins: Candidate['origin'][]): Promise<TrustClass> {
  let asked: TrustClass | undefined;
  const deps = {
    fixes: {
      work: async () => ({ repository: '/srv/shop.git', commit: 'c0ffee', failing: [] }),
      candidates: async () => ({ version: 1, candidates: origins.map(candidate) }),
    },
    api: { planDigest: async () => 'sha256:1', plan: async () => ({ suites: [], files: [] }), run },
    workspaces: {
      ensure: async (_source: unknown, _name: string, trust: TrustClass) => {
        asked = trust;
        throw new Error('far enough');
      },
      release: async () => {},
    },
    cores: 2,
  } as unknown as FixRunnerDeps;
  const activities = createFixRunnerActivities(deps);
  const work = new MockActivityEnvironment().run(activities[step] as (input: object) => Promise<unknown>, {
    run: 'run_1',
    fix: 'wf_1',
  });
  await expect(work).rejects.toThrow('far enough');
  return asked!;
}

const run = async () => ({ trust: 'trusted' });

it.each(['tryFixes', 'verifyFixes'] as const)(
  '%s runs what a language model wrote as a stranger’s code',
  async (step) => {
    expect(await trustOf(step, ['template'])).toBe('trusted');
    expect(await trustOf(step, ['template', 'model'])).toBe('untrusted');
  },
);

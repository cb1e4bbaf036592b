import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkflowInput } from '../../domain/executions.js';
import type { Stage } from '../../domain/executions.schema.js';
import type {
  FixControlActivities,
  FixPlan,
  FixRunnerActivities,
  FollowedPullRequest,
} from '../../domain/fix/activities.js';
import type { AnalysisActivities, RecalledFailures } from '../../domain/analysis/activities.js';
import type { FixOutcome, KnownFailures } from '../../domain/fix/known.js';
import type { DeliveryActivities } from '../../domain/triggers/ports.js';
import type { Notice } from '../../domain/notice.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import type { AutoFixParams } from '../../domain/workflows/auto-fix.schema.js';
import { decideUpdate } from '../../workflows/approval.js';
import { autoFix, pullRequestSignal } from '../../workflows/auto-fix.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { type Bench, openBench, script } from '../support/worker.js';
import { keepHistory } from '../support/keep-history.js';

type Settled = Parameters<FixControlActivities['settleFix']>[0];

const plan: FixPlan = {
  fixable: true,
  sentence: '1 failing test is worth a try.',
  tests: 1,
  testIds: ['t1'],
  fingerprint: 'f00d',
  project: 'shop',
  repository: 'https://code.example.org/acme/shop',
  commit: 'c'.repeat(40),
  branch: 'main',
  level: 'apply',
  approvalDays: 1,
  followDays: 1,
};

const EARLIER: RecalledFailures['found'][number] = {
  ...{ id: 'fix/wf_0/t1', kind: 'fix', execution: 'wf_0', score: 0.8, text: '30 !== 27', fix: '`>=`: merged by ann' },
};

/** What the workflow did, as its activities saw it. */
class Told {
  readonly stages = new Map<string, Stage>();
  readonly notices: Notice[] = [];
  readonly settled: Settled[] = [];
  readonly order: string[] = [];
  readonly followed: object[] = [];
  readonly known: KnownFailures[] = [];
  readonly remembered: FixOutcome[] = [];
  offers = 0;
}

interface Change {
  readonly plan?: Partial<FixPlan>;
  readonly verified?: boolean;
  readonly offer?: FixControlActivities['offerFix'];
  /** The pull request as its host has it. */
  readonly found?: FollowedPullRequest;
  readonly modelAway?: boolean;
  /** The knowledge store is away for good. */
  readonly forgetful?: boolean;
}

function activities(told: Told, change: Change): object {
  const memory: Pick<AnalysisActivities, 'analyseFailures' | 'recallFailures' | 'rememberFix'> = {
    analyseFailures: async ({ execution }) => ({ execution, analysis: 'sha256:0', failures: [], total: 1, fixable: 1 }),
    recallFailures: async () => {
      if (change.forgetful) throw ApplicationFailure.nonRetryable('no store', 'Internal');
      return { embedding: 'offline-v1', found: [EARLIER] };
    },
    rememberFix: async (outcome) => {
      told.remembered.push(outcome);
      if (change.forgetful) throw ApplicationFailure.nonRetryable('no store', 'Internal');
      return { lessons: 1 };
    },
  };
  const fix: FixControlActivities & FixRunnerActivities & Pick<DeliveryActivities, 'followPullRequest'> = {
    planFix: async () => ({ ...plan, ...change.plan }),
    proposeFixes: async () => {
      told.order.push('propose');
      return { candidates: 40, located: 'coverage', suspects: [{ file: 'src/price.js', line: 7, suspicion: 1 }] };
    },
    askModelForFixes: async ({ known }) => {
      told.known.push(known);
      if (change.modelAway) throw ApplicationFailure.nonRetryable('503 from the model', 'Internal');
      return { candidates: 0, sentence: 'No language model is configured.' };
    },
    tryFixes: async () => {
      told.order.push('try');
      return { failing: [], refused: [], refusedCount: 2, tried: 30, timeouts: 0, survivors: 3, stopped: null };
    },
    verifyFixes: async () => {
      told.order.push('verify');
      const { verified = true } = change;
      const sentence = verified
        ? 'Candidate 1 of 40 is verified: `>=` in place of `>`.'
        : '30 candidates were tried, and none was verified.';
      return {
        verified,
        sentence,
        tried: 1,
        refuted: [],
        file: 'src/price.js',
        line: 7,
        title: '`>=` in place of `>`',
        origin: 'template',
      };
    },
    offerFix:
      change.offer ??
      (async ({ fix: id, known }) => {
        told.offers++;
        told.known.push(known);
        return {
          pullRequest: { number: 7, url: 'https://code.example.org/acme/shop/pull/7' },
          branch: `fix/auto-generated-${id}`,
          commit: 'd'.repeat(40),
          authorEmail: 'ann@example.org',
          sentence: 'Pull request 7 offers it.',
        };
      }),
    followPullRequest: async (followed: Parameters<DeliveryActivities['followPullRequest']>[0]) => {
      told.followed.push(followed);
    },
    fixPullRequest: async () => change.found ?? { state: 'open', by: null },
    settleFix: async (settled) => {
      told.settled.push(settled);
      return { branchRemoved: settled.removeBranch !== undefined };
    },
  };
  return {
    ...script([]),
    ...fix,
    ...memory,
    beginExecution: async () => {},
    putStages: async ({ stages }: { stages: Stage[] }) => {
      for (const stage of stages) told.stages.set(stage.name, stage);
    },
    endExecution: async () => {},
    planNotice: async (notice: Notice) => {
      told.notices.push(notice);
      return { notifications: [] };
    },
    sendAnswer: async () => ({ kind: 'sent' }),
  };
}

const inputOf = (execution: string): WorkflowInput<AutoFixParams> => ({
  execution,
  project: 'shop',
  principal: 'ann',
  trust: 'trusted',
  params: { run: 'run_x' },
});

describe('autoFix', () => {
  let server: TestTemporal;
  let bench: Bench;
  beforeAll(async () => {
    server = await startTemporal();
    bench = await openBench(server.address);
  });
  afterAll(async () => {
    await bench?.close();
    await server?.stop();
  });

  async function fixing(
    name: string,
    change: Change,
    then: (handle: Awaited<ReturnType<typeof start>>, told: Told) => Promise<unknown> = async () => {},
  ) {
    const told = new Told();
    return bench.withWorkers(activities(told, change) as ReturnType<typeof script>, async () => {
      const handle = await start(name);
      await then(handle, told);
      const ended = await handle.result();
      await keepHistory(handle, 'autoFix', name);
      return { ended, told };
    });
  }
  const start = (name: string) =>
    bench.client.workflow.start(autoFix, {
      workflowId: `wf_${name}`,
      taskQueue: CONTROL_QUEUE,
      args: [inputOf(`wf_${name}`)],
    });
  const following = (told: Told) => expect.poll(() => told.stages.get('dashboard')?.status).toBe('running');

  it('goes through six stages to a pull request, and follows it until it is merged', async () => {
    const { ended, told } = await fixing('merged', {}, async (handle, seen) => {
      await following(seen);
      await handle.signal(pullRequestSignal, { state: 'merged', by: 'bob' });
    });
    expect(ended.outcome).toBe('merged');
    expect([...told.stages].map(([name, { status }]) => [name, status])).toEqual([
      ['analyse', 'passed'],
      ['generate', 'passed'],
      ['apply', 'passed'],
      ['verify', 'passed'],
      ['pull-request', 'passed'],
      ['dashboard', 'passed'],
    ]);
    expect(told.order).toEqual(['propose', 'try', 'verify']);
    expect(told.offers).toBe(1);
    expect(told.notices).toMatchObject([{ kind: 'fix_proposed', to: ['ann@example.org'] }]);
    expect(told.settled).toMatchObject([{ state: 'merged', by: 'bob' }]);
    expect(told.stages.get('analyse')?.data).toMatchObject({ tests: 1, testIds: 't1' });
    expect(ended.sentence).toBe('Pull request 7 was merged by bob.');
    expect(told.stages.get('dashboard')?.data).toMatchObject({ pullRequest: 7, state: 'merged', by: 'bob' });
    const { kind: _, ...earlier } = EARLIER;
    expect(told.known).toEqual(Array(2).fill({ class: null, why: null, earlier: [earlier] }));
    expect(told.stages.get('analyse')?.data).toMatchObject({ embedding: 'offline-v1', earlier: 'fix/wf_0/t1 (0.80)' });
    expect(told.remembered).toEqual([
      {
        ...{ execution: 'run_x', fix: 'wf_merged', testIds: ['t1'], outcome: 'merged', by: 'bob', reason: null },
        change: '`>=` in place of `>` in src/price.js',
      },
    ]);
    expect(told.followed).toEqual([{ repository: plan.repository, number: 7, execution: 'wf_merged' }]);
  });

  it('remembers that a person closed it, and takes the branch away', async () => {
    const { ended, told } = await fixing('closed', {}, async (handle, seen) => {
      await following(seen);
      await handle.signal(pullRequestSignal, { state: 'closed', by: 'bob' });
    });
    expect(ended.outcome).toBe('closed');
    expect(told.settled).toMatchObject([{ state: 'closed', by: 'bob', removeBranch: { commit: 'd'.repeat(40) } }]);
  });

  it('finds what became of it at its host, when nobody was listening yet', async () => {
    const { ended, told } = await fixing('missed', { found: { state: 'merged', by: 'eve' } });
    expect(ended).toMatchObject({ outcome: 'merged', result: { by: 'eve' } });
    expect(told.settled).toMatchObject([{ state: 'merged', by: 'eve' }]);
  });

  it('goes on without a model and without memory, and says so', async () => {
    const { ended, told } = await fixing('alone', {
      ...{ modelAway: true, forgetful: true, found: { state: 'merged', by: 'eve' } },
    });
    expect(ended).toMatchObject({
      outcome: 'merged',
      sentence: 'Pull request 7 was merged by eve. It could not be remembered: no store',
    });
    expect(told.stages.get('generate')?.sentence).toContain('The model gave no answer: 503 from the model');
    expect(told.stages.get('analyse')).toMatchObject({ status: 'passed', data: { knowledge: 'no store' } });
  });

  it('waits for a person where it only suggests, and takes no for an answer', async () => {
    const { ended, told } = await fixing('rejected', { plan: { level: 'suggest' } }, async (handle, seen) => {
      await expect.poll(() => seen.notices.map(({ kind }) => kind)).toEqual(['approval_needed']);
      const no = { approve: false, reason: 'not this way', inputs: {}, by: 'ann' };
      await handle.executeUpdate(decideUpdate, { args: [no] });
    });
    expect(ended).toMatchObject({ outcome: 'rejected', sentence: 'ann said no: not this way' });
    expect(told.offers).toBe(0);
    expect(told.settled).toMatchObject([{ state: 'rejected', by: 'ann', reason: 'not this way' }]);
    expect(told.remembered).toMatchObject([{ outcome: 'rejected', by: 'ann', reason: 'not this way' }]);
  });

  it('opens nothing before it is approved', async () => {
    const { ended, told } = await fixing('approved', { plan: { level: 'suggest' } }, async (handle, seen) => {
      await expect.poll(() => seen.stages.get('pull-request')?.sentence ?? '').toContain('Waits for approval');
      expect(seen.offers).toBe(0);
      await expect
        .poll(() =>
          handle.executeUpdate(decideUpdate, { args: [{ approve: true, reason: '', inputs: {}, by: 'ann' }] }).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
      await following(seen);
      await handle.signal(pullRequestSignal, { state: 'merged', by: null });
    });
    expect(ended.outcome).toBe('merged');
    expect(told.offers).toBe(1);
    expect(told.stages.get('pull-request')?.data['approvedBy']).toBe('ann');
  });

  it('opens nothing where it only observes', async () => {
    const { ended, told } = await fixing('observed', { plan: { level: 'observe' } });
    expect(ended.outcome).toBe('observed');
    expect(told.offers).toBe(0);
    expect(told.settled).toMatchObject([{ state: 'observed' }]);
  });

  it.each([
    [
      'not-fixable',
      { plan: { fixable: false, sentence: 'Failures of the kind "load" are left to people.' } },
      'not_fixable',
      [],
    ],
    ['unfixed', { verified: false }, 'unfixed', ['propose', 'try', 'verify']],
  ] as const)('%s: no branch, no pull request, but a block and an alert', async (name, change, outcome, order) => {
    const { ended, told } = await fixing(name, change);
    expect(ended.outcome).toBe(outcome);
    expect(told.order).toEqual(order);
    expect(told.offers).toBe(0);
    expect(told.notices).toMatchObject([{ kind: 'fix_failed', severity: 'critical' }]);
    const answer = bench.client.workflow.getHandle(`wf_${name}/answer`);
    expect((await answer.describe()).type).toBe('answer');
  });

  it('a fix that cannot be finished is told of, and frees the failure', async () => {
    const told = new Told();
    const broken: FixControlActivities['offerFix'] = async () => {
      throw ApplicationFailure.create({
        type: 'BlockedByPolicy',
        message: 'The branch exists already.',
        nonRetryable: true,
      });
    };
    await bench.withWorkers(activities(told, { offer: broken }) as ReturnType<typeof script>, async () => {
      await expect((await start('broken')).result()).rejects.toThrow(WorkflowFailedError);
    });
    expect(told.settled).toMatchObject([{ state: 'unfixed' }]);
    expect(told.notices).toMatchObject([{ kind: 'fix_failed' }]);
    expect(told.stages.get('pull-request')).toMatchObject({ status: 'failed', sentence: 'The branch exists already.' });
  });
});

/** Records the histories of `preRelease`, `postDeploy` and `suiteRun`; see `record.int.test.ts`. */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnalysisActivities } from '../../domain/analysis/activities.js';
import type { AnswerActivities } from '../../domain/answer.js';
import type { ExecutionActivities } from '../../domain/executions.js';
import { CONTROL_QUEUE } from '../../domain/names.js';
import type { NoticeActivities } from '../../domain/notify/ports.js';
import type { Verdict } from '../../domain/outcome.schema.js';
import type { PostDeployActivities, RollbackPolicy } from '../../domain/post-deploy/ports.js';
import type { PreReleaseActivities } from '../../domain/pre-release/ports.js';
import { PreReleaseConfig } from '../../domain/pre-release/settings.schema.js';
import type { SuiteGroup } from '../../domain/pre-release/suite-order.js';
import { PostDeployParams } from '../../domain/workflows/post-deploy.schema.js';
import { PreReleaseParams } from '../../domain/workflows/pre-release.schema.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, type Bench, openBench, script } from '../support/worker.js';
import { keepHistory } from '../support/keep-history.js';

type All = ExecutionActivities &
  PreReleaseActivities &
  PostDeployActivities &
  AnswerActivities &
  Pick<AnalysisActivities, 'rememberOutcome' | 'analyseFailures'> &
  Pick<NoticeActivities, 'planNotice'>;

const source = { kind: 'commit' as const, repository: '/srv/shop.git', commit: 'c0ffee' };
const GROUPS: readonly SuiteGroup[] = [
  { name: 'high-priority', suites: ['unit'], priority: 'high' },
  { name: 'rest', suites: ['shots'], priority: null },
];
const POLICY: RollbackPolicy = { automatic: false, approval: 'none', approvalWithinMs: 500, how: 'webhook at x' };

interface Shape {
  readonly workflow: 'preRelease' | 'postDeploy' | 'suiteRun';
  readonly params: object;
  readonly outcome: string | null;
  /** Verdicts of the runs, in the order in which they end. */
  readonly verdicts?: readonly Verdict[];
  readonly change?: Partial<All>;
  readonly settings?: object;
  readonly rollback?: RollbackPolicy;
  readonly approve?: boolean;
}

const pre = (params: object = {}): object => PreReleaseParams.parse({ source, branch: 'feature/x', ...params });
const post = (params: object = {}): object => PostDeployParams.parse({ source, version: 'v2', ...params });
const blocked: Partial<All> = {
  judgeGate: async () => ({
    ...{ outcome: 'blocked', sentence: 'Merge blocked.', reasons: ['unit: 1 test failed'] },
    ...{ failed: 1, passed: 3, unfinished: 0, redRun: 'run_red' },
  }),
};

const SHAPES: Record<string, Shape> = {
  allowed: { workflow: 'preRelease', params: pre(), outcome: 'passed' },
  beside: { workflow: 'preRelease', params: pre(), outcome: 'passed', settings: { rest: 'beside' } },
  asked: { workflow: 'preRelease', params: pre({ answer: false, options: { suites: ['unit'] } }), outcome: 'passed' },
  red: { workflow: 'preRelease', params: pre(), outcome: 'blocked', verdicts: ['failed'], change: blocked },
  problem: {
    workflow: 'preRelease',
    params: pre(),
    outcome: null,
    change: {
      analyseChange: async () => {
        throw ApplicationFailure.create({ type: 'BadSource', message: 'No such commit.', nonRetryable: true });
      },
    },
  },
  verified: { workflow: 'postDeploy', params: post(), outcome: 'verified' },
  left: {
    workflow: 'postDeploy',
    params: post({ rollback: false }),
    outcome: 'failed',
    verdicts: ['failed'],
    rollback: POLICY,
  },
  'rolled-back': {
    ...{ workflow: 'postDeploy', params: post({ rollback: true }), outcome: 'rolled_back' },
    ...{ verdicts: ['failed'], rollback: POLICY },
  },
  approved: {
    ...{ workflow: 'postDeploy', params: post({ rollback: true }), outcome: 'rolled_back', approve: true },
    ...{ verdicts: ['passed', 'failed'], rollback: { ...POLICY, approval: 'required', approvalWithinMs: 60_000 } },
  },
  undecided: {
    ...{ workflow: 'postDeploy', params: post({ rollback: true }), outcome: 'failed' },
    ...{ verdicts: ['failed'], rollback: { ...POLICY, approval: 'required' } },
  },
  tests: { workflow: 'suiteRun', params: { source, options: { bail: false }, priority: 'medium' }, outcome: 'passed' },
};

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

function activities({ verdicts = [], change = {}, settings = {}, rollback }: Shape, waits: () => void): object {
  const left = [...verdicts];
  const own: All = {
    beginExecution: async () => {},
    async putStages({ stages }) {
      if (stages.some(({ sentence }) => sentence?.startsWith('Waits'))) waits();
    },
    endExecution: async () => {},
    requestRun: async () => ({
      ...{ host: 'here', priorityKey: 2, bySuite: false, project: 'shop', bail: false, directory: false },
    }),
    awaitRun: async () => Promise.reject(new Error('not here')),
    startExecution: async () => ({ id: 'wf_fixer' }),
    analyseChange: async () => ({
      ...{ digest: 'sha256:1', commit: 'c0ffee', base: 'beef', branch: null, dirty: false, project: 'shop' },
      ...{ files: 1, added: 2, deleted: 3, commits: 1, subject: 'a change', sentence: '1 file' },
      author: { name: 'Ada', email: 'ada@example.org' },
      settings: PreReleaseConfig.parse(settings),
    }),
    predictRisk: async () => ({ tier: 'high', score: 0.5, reasons: ['because'], groups: GROUPS, raised: [] }),
    judgeGate: async () => ({
      ...{
        outcome: 'passed',
        sentence: 'Merge allowed.',
        reasons: [],
        failed: 0,
        passed: 4,
        unfinished: 0,
        redRun: null,
      },
    }),
    publishFigures: async () => {},
    recordOutcome: async () => {},
    planValidation: async () => ({
      ...{ smoke: ['smoke'], integration: ['integration'], commit: 'c0ffee', project: 'shop', notes: [] },
      rollback: rollback ?? null,
    }),
    requestRetraining: async () => {},
    rollBack: async () => ({ state: 'done', sentence: 'Accepted.', reference: '/1' }),
    sendAnswer: async () => ({ url: null, note: null }),
    dropAnswers: async () => {},
    rememberOutcome: async () => ({ lessons: 2, embedding: 'offline-v1' }),
    analyseFailures: async ({ execution }) => ({ execution, analysis: 'sha256:2', failures: [], total: 0, fixable: 0 }),
    planNotice: async () => ({ notifications: [] }),
    ...change,
  };
  const tests = script([aBatchRef('b1')], {
    conclude: async () => ({
      verdict: left.shift() ?? 'passed',
      totals: { passed: 1, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
      sentence: 'so it ended',
    }),
  });
  return { ...tests, ...own };
}

it.each(Object.entries(SHAPES))('%s', async (shape, given) => {
  const { workflow, params, outcome, approve } = given;
  const id = `wf_${workflow}_${shape}`;
  let resume = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const handle = await bench.withWorkers(activities(given, () => resume()) as never, async () => {
    const started = await bench.client.workflow.start(workflow, {
      workflowId: id,
      taskQueue: CONTROL_QUEUE,
      args: [{ execution: id, project: 'shop', principal: 'ann', trust: 'trusted', params }],
    });
    if (approve) {
      await waiting;
      await started.executeUpdate('decide', { args: [{ approve: true, reason: '', inputs: {}, by: 'ann' }] });
    }
    const ended = started.result() as Promise<{ outcome: string }>;
    if (outcome === null) await expect(ended).rejects.toThrow();
    else expect((await ended).outcome).toBe(outcome);
    // What was said about the commit is sent by a workflow of its own.
    const answering = bench.client.workflow.getHandle(`${id}/answer`);
    if (workflow === 'preRelease') await answering.result().catch(() => undefined);
    return started;
  });
  await keepHistory(handle, workflow, shape);
});

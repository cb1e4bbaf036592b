/**
 * Does what was deployed work? Smoke tests, integrations, and where that is wanted a rollback, once. It ends verified,
 * failed or rolled back: all are results, never errors.
 */
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { RunOutcome, WorkflowInput } from '../domain/executions.js';
import type { RollbackResult, ValidationPlan } from '../domain/post-deploy/ports.js';
import { POST_DEPLOY_STAGES, ROLLBACK_STAGE } from '../domain/post-deploy/stages.js';
import { type About, approvalNotice, noticeOf, type Outcome } from '../domain/post-deploy/words.js';
import type { PostDeployParams } from '../domain/workflows/post-deploy.schema.js';
import { announce } from './announce.js';
import { Approvals } from './approval.js';
import { searchAttributes } from './attributes.js';
import { runTests } from './child-run.js';
import { orTell } from './or-tell.js';
import { changes, ledger, rollbacks } from './proxies/pipelines.js';
import { asExecution, type Ended, type StageHandle, type Stages } from './stages.js';

export function postDeploy(input: WorkflowInput<PostDeployParams>): Promise<Ended> {
  const approvals = new Approvals();
  return asExecution(input, POST_DEPLOY_STAGES, (stages) =>
    orTell('Post-deployment validation', input, () => new PostDeploy(input, stages, approvals).run()),
  );
}

class PostDeploy {
  private readonly runs: RunOutcome[] = [];
  private project: string;

  constructor(
    private readonly input: WorkflowInput<PostDeployParams>,
    private readonly stages: Stages,
    private readonly approvals: Approvals,
  ) {
    this.project = input.project;
  }

  async run(): Promise<Ended> {
    const { execution, project, params } = this.input;
    const { environment, source } = params;
    const plan = await this.stages.run('smoke', async (stage) => {
      const found = await changes.planValidation.executeWithOptions({ summary: 'which suites' }, [
        { execution, project, environment, source },
      ]);
      this.project = found.project;
      upsertSearchAttributes(searchAttributes({ project: found.project, commit: found.commit }));
      await this.check(stage, found, found.smoke);
      return found;
    });
    await this.integrations(plan);
    const failed = this.runs.filter(({ verdict }) => verdict !== 'passed');
    const undone = failed.length > 0 ? await this.compensate(plan, failed[0]!) : undefined;
    await this.stages.run('retraining', (stage) => this.askForRetraining(stage, failed.length === 0));
    const outcome = outcomeOf(failed.length, undone);
    await this.stages.run('dashboard', (stage) => this.publish(stage, outcome));
    await announce(noticeOf(this.about(), outcome, this.sentence(failed[0], undone)));
    upsertSearchAttributes(searchAttributes({ verdict: outcome }));
    return {
      outcome,
      sentence: this.sentence(failed[0], undone),
      result: {
        runs: this.runs.map(({ run }) => run),
        environment,
        version: params.version ?? null,
        rollback: undone ? { state: undone.state, reference: undone.reference } : null,
      },
    };
  }

  private async check(stage: StageHandle, plan: ValidationPlan, suites: readonly string[] | null): Promise<void> {
    const { source, options } = this.input.params;
    const outcome = await runTests(this.input, stage, {
      source: source.kind === 'commit' && plan.commit ? { ...source, commit: plan.commit } : source,
      project: this.project,
      options: { ...options, ...(suites ? { suites: [...suites] } : {}) },
      // Somebody uses what was deployed right now.
      priority: 'critical',
    });
    this.runs.push(outcome);
    stage.data({ suites: suites?.join(', ').slice(0, 1000) ?? 'every suite', verdict: outcome.verdict });
    stage.end(outcome.verdict === 'passed' ? 'passed' : 'failed', [...plan.notes, outcome.sentence].join(' '));
  }

  private async integrations(plan: ValidationPlan): Promise<void> {
    if (this.runs.some(({ verdict }) => verdict !== 'passed'))
      return await this.stages.skip(
        'integration',
        'The smoke tests are red: nothing more is asked of this deployment.',
      );
    if (plan.integration.length === 0)
      return await this.stages.skip(
        'integration',
        'No suite verifies integrations; name one in postDeploy.integration.',
      );
    await this.stages.run('integration', (stage) => this.check(stage, plan, plan.integration));
  }

  /** The saga's compensation. `undefined`: none was wanted. */
  private async compensate(plan: ValidationPlan, failed: RunOutcome): Promise<RollbackResult | undefined> {
    const { rollback: asked } = this.input.params;
    const { rollback } = plan;
    if (asked === false || (asked === undefined && !rollback?.automatic)) return undefined;
    this.stages.add(ROLLBACK_STAGE.name, ROLLBACK_STAGE.title);
    return await this.stages.run(ROLLBACK_STAGE.name, async (stage) => {
      const result = rollback
        ? await this.allowed(stage, rollback, failed)
        : refused(
            `Nobody has said how ${this.input.params.environment} is rolled back: set rollbacks in the settings.`,
          );
      stage.data({ state: result.state, reference: result.reference, how: rollback?.how ?? null });
      stage.end(result.state === 'done' ? 'passed' : 'failed', result.sentence);
      return result;
    });
  }

  private async allowed(
    stage: StageHandle,
    policy: NonNullable<ValidationPlan['rollback']>,
    failed: RunOutcome,
  ): Promise<RollbackResult> {
    if (policy.approval === 'required') {
      stage.say(`Waits for a decision: shall ${this.input.params.environment} be rolled back by ${policy.how}?`);
      // Whoever reads that it waits can decide at once, so the waiting begins before it is told.
      const [decision] = await Promise.all([
        this.approvals.wait(ROLLBACK_STAGE.name, policy.approvalWithinMs),
        stage.save().then(() => announce(approvalNotice(this.about(), policy.how))),
      ]);
      if (!decision) return refused('Nobody has decided in time, so nothing was rolled back.');
      stage.data({ decidedBy: decision.by.slice(0, 200), reason: decision.reason.slice(0, 500) });
      if (!decision.approve) return refused(`${decision.by} decided against it.`);
    }
    const { project } = this;
    const { execution, params } = this.input;
    return await rollbacks.rollBack.executeWithOptions({ summary: policy.how.slice(0, 190) }, [
      {
        key: `${execution}/rollback`,
        execution,
        project,
        environment: params.environment,
        commit: params.source.kind === 'commit' ? params.source.commit : null,
        version: params.version ?? null,
        reason: failed.sentence.slice(0, 1000),
      },
    ]);
  }

  private about(): About {
    const { environment, version = null } = this.input.params;
    return { execution: this.input.execution, project: this.project, environment, version };
  }

  private async askForRetraining(stage: StageHandle, green: boolean): Promise<void> {
    const { project } = this;
    const { execution, params } = this.input;
    const { environment, version = null } = params;
    const reason = green ? 'deployed and verified' : 'deployed and failed its validation';
    await ledger.requestRetraining({ execution, project, reason, environment, version });
    stage.end('passed', 'Asked for; predictions are learned again when the learner next runs, not by this workflow.');
  }

  private async publish(stage: StageHandle, outcome: Outcome): Promise<void> {
    const { project } = this;
    const { execution, params } = this.input;
    const total = (key: 'passed' | 'failed' | 'notRun'): number =>
      this.runs.reduce((sum, { totals }) => sum + totals[key], 0);
    const values = {
      environment: params.environment,
      version: params.version ?? null,
      passed: total('passed'),
      failed: total('failed'),
      unfinished: total('notRun'),
    };
    await ledger.publishFigures({ execution, workflow: 'postDeploy', project, outcome, values });
    stage.data(values);
    stage.say('Figures are published.');
  }

  private sentence(failed: RunOutcome | undefined, undone: RollbackResult | undefined): string {
    const { environment, version } = this.input.params;
    const what = `${version ?? 'The deployment'} in ${environment}`;
    if (!failed) return `${what} works: ${this.runs.map(({ sentence }) => sentence).join(' ')}`.slice(0, 1000);
    return `${what} does not work: ${failed.sentence} ${undone?.sentence ?? 'Nothing is rolled back.'}`.slice(0, 1000);
  }
}

const refused = (sentence: string): RollbackResult => ({ state: 'refused', sentence, reference: null });

function outcomeOf(failed: number, undone: RollbackResult | undefined): Outcome {
  if (failed === 0) return 'verified';
  if (undone?.state === 'done') return 'rolled_back';
  return undone?.state === 'unknown' ? 'rollback_unknown' : 'failed';
}

/**
 * From a failure to a pull request: analyse, generate, apply, verify, offer, follow. A failure that is not worth a try, or
 * that nothing mends, ends in a block and an alert, never in silence. Nothing here merges anything.
 */
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import type { WorkflowInput } from '../domain/executions.js';
import type { FixPlan, FixRef, OfferedFix, VerifiedFix } from '../domain/fix/activities.js';
import type { AutoFixParams } from '../domain/workflows/auto-fix.schema.js';
import { announce } from './announce.js';
import { answerCommit } from './answer-commit.js';
import { Approvals } from './approval.js';
import { fixers, modelFixers, repairs } from './proxies/fix.js';
import { asExecution, type Ended, type Stages } from './stages.js';

/** What became of the pull request, as a webhook tells it. */
export const pullRequestSignal =
  defineSignal<[{ readonly state: 'open' | 'merged' | 'closed'; readonly by?: string }]>('pullRequest');

const STAGES = [
  { name: 'analyse', title: 'Analyse the failure' },
  { name: 'generate', title: 'Find candidates' },
  { name: 'apply', title: 'Apply and try them' },
  { name: 'verify', title: 'Verify the best' },
  { name: 'pull-request', title: 'Open a pull request' },
  { name: 'dashboard', title: 'Follow the pull request' },
];
const DAY_MS = 86_400_000;
/** Webhooks tell at once; this is for those that never came. 30 days of it are 360 looks. */
const LOOK_EVERY_MS = 2 * 3_600_000;

export function autoFix(input: WorkflowInput<AutoFixParams>): Promise<Ended> {
  const fixing = new AutoFix(input);
  return asExecution(input, STAGES, (stages) => fixing.run(stages));
}

class AutoFix {
  private readonly approvals = new Approvals();
  private readonly ref: FixRef;
  private told: { state: 'open' | 'merged' | 'closed'; by?: string } | undefined;

  constructor(private readonly input: WorkflowInput<AutoFixParams>) {
    this.ref = { run: input.params.run, fix: input.execution };
    setHandler(pullRequestSignal, (told) => {
      this.told = told;
    });
  }

  async run(stages: Stages): Promise<Ended> {
    const plan = await this.analyse(stages);
    if (!plan.fixable) return this.leftToPeople(plan, plan.sentence, 'not_fixable');
    try {
      const verified = await this.repair(stages);
      if (!verified.verified) return await this.unfixed(plan, verified.sentence);
      return await this.offer(stages, plan, verified);
    } catch (error) {
      // The failure must be free for another try, and people must hear of it.
      await fixers.settleFix({ ...this.ref, state: 'unfixed', reason: 'it could not be finished' });
      await this.alert(plan, 'The fix could not be finished; the execution says why.');
      throw error;
    }
  }

  private analyse(stages: Stages): Promise<FixPlan> {
    return stages.run('analyse', async (stage) => {
      stage.link({ label: 'failed run', kind: 'run', ref: this.ref.run });
      const plan = await fixers.planFix({ ...this.ref, level: this.input.params.level ?? null });
      stage.data({ tests: plan.tests, level: plan.level, fingerprint: plan.fingerprint });
      stage.end(plan.fixable ? 'passed' : 'blocked', plan.sentence);
      return plan;
    });
  }

  private async repair(stages: Stages): Promise<VerifiedFix> {
    const proposed = await stages.run('generate', async (stage) => {
      const found = await repairs.proposeFixes.executeWithOptions({ summary: 'locate the fault, make candidates' }, [
        this.ref,
      ]);
      const model = await modelFixers.askModelForFixes(this.ref);
      stage.data({ templates: found.candidates, model: model.candidates, located: found.located });
      const [first] = found.suspects;
      const where = first ? ` Most suspicious: ${first.file}:${first.line}.` : '';
      stage.end(
        found.candidates + model.candidates > 0 ? 'passed' : 'failed',
        `${found.candidates} candidates from templates, ${model.candidates} from a model. ${model.sentence}${where}`,
      );
      return found;
    });
    const tried = await stages.run('apply', async (stage) => {
      const found = await repairs.tryFixes.executeWithOptions({ summary: 'gate, apply, run the failing tests' }, [
        this.ref,
      ]);
      stage.data({
        tried: found.tried,
        survivors: found.survivors,
        refused: found.refusedCount,
        timeouts: found.timeouts,
      });
      stage.end(
        found.survivors > 0 ? 'passed' : 'failed',
        found.stopped?.sentence ??
          `${found.tried} tried, ${found.survivors} made the failing tests pass, ${found.refusedCount} were refused by the gate.`,
      );
      return found;
    });
    const { suspects, located } = proposed;
    return stages.run('verify', async (stage) => {
      const { refusedCount: _, survivors: __, ...rest } = tried;
      const verified = await repairs.verifyFixes.executeWithOptions({ summary: 'tournament' }, [
        { ...this.ref, proposed: { suspects, located }, tried: rest },
      ]);
      stage.link({ label: 'report', kind: 'artifact', ref: `fix/${this.ref.fix}/report.json` });
      stage.data({ finalists: verified.tried, file: verified.file, line: verified.line });
      stage.end(verified.verified ? 'passed' : 'failed', verified.sentence);
      return verified;
    });
  }

  private async offer(stages: Stages, plan: FixPlan, verified: VerifiedFix): Promise<Ended> {
    const result = { run: this.ref.run, file: verified.file, line: verified.line };
    if (plan.level === 'observe') {
      await stages.skip('pull-request', 'The level is `observe`: the fix is told of, and nothing is opened.');
      await fixers.settleFix({ ...this.ref, state: 'observed' });
      await this.proposed(plan, verified, null);
      return { outcome: 'observed', sentence: verified.sentence, result };
    }
    const offered = await stages.run('pull-request', async (stage) => {
      let approvedBy: string | null = null;
      if (plan.level === 'suggest') {
        stage.say(`Waits for approval, at most ${plan.approvalDays} days: ${verified.title}.`);
        await stage.save();
        await this.approvalNeeded(plan, verified);
        const decision = await this.approvals.wait('pull-request', plan.approvalDays * DAY_MS);
        if (!decision?.approve) {
          const why = decision
            ? `${decision.by} said no: ${decision.reason || 'without a reason'}`
            : 'Nobody decided in time.';
          await fixers.settleFix({
            ...this.ref,
            state: decision ? 'rejected' : 'unfixed',
            ...(decision ? { by: decision.by, reason: decision.reason } : {}),
          });
          stage.end('blocked', why);
          return why;
        }
        approvedBy = decision.by;
      }
      const made = await fixers.offerFix({ ...this.ref, base: this.input.params.base ?? null, approvedBy });
      if (made.pullRequest)
        stage.link({ label: `pull request ${made.pullRequest.number}`, kind: 'url', ref: made.pullRequest.url });
      stage.data({ branch: made.branch, pullRequest: made.pullRequest?.number ?? null, approvedBy });
      stage.end(made.pullRequest ? 'passed' : 'warned', made.sentence);
      return made;
    });
    if (typeof offered === 'string') return { outcome: 'rejected', sentence: offered, result };
    await this.proposed(plan, verified, offered);
    if (!offered.pullRequest) {
      await fixers.settleFix({ ...this.ref, state: 'observed' });
      return { outcome: 'suggested', sentence: offered.sentence, result };
    }
    return this.follow(stages, plan, offered, offered.pullRequest, result);
  }

  /** Until somebody merges or closes it. */
  private async follow(
    stages: Stages,
    plan: FixPlan,
    offered: OfferedFix,
    pullRequest: NonNullable<OfferedFix['pullRequest']>,
    result: Readonly<Record<string, unknown>>,
  ): Promise<Ended> {
    const { number, url } = pullRequest;
    const state = await stages.run('dashboard', async (stage) => {
      stage.link({ label: `pull request ${number}`, kind: 'url', ref: url });
      stage.data({ pullRequest: number, state: 'open' });
      stage.say(`Pull request ${number} is open.`);
      await stage.save();
      const ended = await this.ending(number, plan.followDays);
      stage.data({ state: ended });
      stage.end(ended === 'merged' ? 'passed' : 'warned', `Pull request ${number} is ${ended}.`);
      return ended;
    });
    if (state === 'open')
      return {
        outcome: 'offered',
        sentence: `Pull request ${number} was still open after ${plan.followDays} days.`,
        result: { ...result, pullRequest: number, url },
      };
    await fixers.settleFix({
      ...this.ref,
      state,
      ...(this.told?.by ? { by: this.told.by } : {}),
      ...(state === 'closed' && offered.commit ? { removeBranch: { commit: offered.commit } } : {}),
    });
    return {
      outcome: state,
      sentence: `Pull request ${number} was ${state}.`,
      result: { ...result, pullRequest: number, url },
    };
  }

  private async ending(number: number, days: number): Promise<'open' | 'merged' | 'closed'> {
    const ended = (): boolean => this.told !== undefined && this.told.state !== 'open';
    for (let waited = 0; waited < days * DAY_MS; waited += LOOK_EVERY_MS) {
      if (await condition(ended, LOOK_EVERY_MS)) return this.told!.state;
      const found = await fixers.fixPullRequest({ ...this.ref, number });
      if (found && found.state !== 'open') return found.state;
    }
    return 'open';
  }

  private async unfixed(plan: FixPlan, why: string): Promise<Ended> {
    await fixers.settleFix({ ...this.ref, state: 'unfixed', reason: why });
    return this.leftToPeople(plan, why, 'unfixed');
  }

  /** Block and alert. */
  private async leftToPeople(plan: FixPlan, why: string, outcome: string): Promise<Ended> {
    if (plan.repository && plan.commit && plan.tests > 0)
      await answerCommit({
        project: plan.project,
        repository: plan.repository,
        commit: plan.commit,
        branch: plan.branch,
        context: 'baton/auto-fix',
      }).say({
        state: 'failure',
        title: 'no fix: people are needed',
        summary: 'Failing tests were not mended automatically.',
        run: this.ref.run,
      });
    await this.alert(plan, why);
    return { outcome, sentence: why, result: { run: this.ref.run } };
  }

  private alert(plan: FixPlan, why: string): Promise<void> {
    return announce({
      ...this.about(plan),
      key: `${this.ref.fix}/failed`,
      kind: 'fix_failed',
      severity: 'critical',
      title: `No fix for ${plan.tests} failing ${plan.tests === 1 ? 'test' : 'tests'}`,
      text: `${why} Somebody has to look at the failure.`,
    });
  }

  private proposed(plan: FixPlan, verified: VerifiedFix, offered: OfferedFix | null): Promise<void> {
    const url = offered?.pullRequest?.url;
    return announce({
      ...this.about(plan),
      key: `${this.ref.fix}/proposed`,
      kind: 'fix_proposed',
      severity: 'info',
      title: offered?.pullRequest ? `Pull request ${offered.pullRequest.number} mends a failure` : 'A fix was found',
      text: verified.sentence,
      links: url ? [{ label: 'pull request', url }] : [],
      ...(offered?.authorEmail ? { to: [offered.authorEmail] } : {}),
    });
  }

  private approvalNeeded(plan: FixPlan, verified: VerifiedFix): Promise<void> {
    return announce({
      ...this.about(plan),
      key: `${this.ref.fix}/approval`,
      kind: 'approval_needed',
      severity: 'warning',
      title: 'A fix waits for approval',
      text: `${verified.sentence} Approve or reject it: \`baton workflow decide ${this.ref.fix}\`.`,
    });
  }

  private about(plan: FixPlan) {
    return {
      project: plan.project,
      group: `fix:${plan.fingerprint ?? this.ref.run}`,
      links: [],
      data: { execution: this.ref.fix, run: this.ref.run, tests: plan.tests },
    };
  }
}

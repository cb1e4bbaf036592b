/**
 * From a failure to a pull request: analyse, generate, apply, verify, offer, follow. A failure that is not worth a try, or
 * that nothing mends, ends in a block and an alert, never in silence. Nothing here merges anything.
 */
import { condition, defineSignal, isCancellation, setHandler } from '@temporalio/workflow';
import type { WorkflowInput } from '../domain/executions.js';
import type {
  FixControlActivities,
  FixPlan,
  FixRef,
  FollowedPullRequest,
  OfferedFix,
  VerifiedFix,
} from '../domain/fix/activities.js';
import { NOTHING_KNOWN } from '../domain/fix/known.js';
import { AUTO_FIX_STAGES } from '../domain/fix/stages.js';
import { approvalNeeded, type FixMatter, leftToPeople, proposed } from '../domain/fix/words.js';
import { PULL_REQUEST_SIGNAL, type PullRequestChanged } from '../domain/triggers/pull-request.js';
import type { AutoFixParams } from '../domain/workflows/auto-fix.schema.js';
import { announce } from './announce.js';
import { answerCommit } from './answer-commit.js';
import { Approvals } from './approval.js';
import { problemOf } from './failure.js';
import { recall, remember } from './fix-memory.js';
import { deliveries } from './proxies/delivery.js';
import { fixers, modelFixers, repairs } from './proxies/fix.js';
import { asExecution, type Ended, type Stages } from './stages.js';

/** What became of the pull request, as a webhook tells it. */
export const pullRequestSignal = defineSignal<[Pick<PullRequestChanged, 'state' | 'by'>]>(PULL_REQUEST_SIGNAL);

const DAY_MS = 86_400_000;
/** Webhooks tell at once; this is for those that never came. 30 days of it are 360 looks. */
const LOOK_EVERY_MS = 2 * 3_600_000;

export function autoFix(input: WorkflowInput<AutoFixParams>): Promise<Ended> {
  const fixing = new AutoFix(input);
  return asExecution(input, AUTO_FIX_STAGES, (stages) => fixing.run(stages));
}

type Settlement = Omit<Parameters<FixControlActivities['settleFix']>[0], 'run' | 'fix'>;

interface Following {
  readonly plan: FixPlan;
  readonly verified: VerifiedFix;
  readonly offered: OfferedFix;
  readonly pullRequest: NonNullable<OfferedFix['pullRequest']>;
}

class AutoFix {
  private readonly approvals = new Approvals();
  private readonly ref: FixRef;
  private told: FollowedPullRequest | undefined;
  private known = NOTHING_KNOWN;
  /** What did not matter for the outcome and should be heard of all the same. */
  private readonly notes: string[] = [];

  constructor(private readonly input: WorkflowInput<AutoFixParams>) {
    this.ref = { run: input.params.run, fix: input.execution };
    setHandler(pullRequestSignal, (told) => {
      this.told = told;
    });
  }

  async run(stages: Stages): Promise<Ended> {
    const ended = await this.mend(stages);
    return { ...ended, sentence: [ended.sentence, ...this.notes].join(' ') };
  }

  private async mend(stages: Stages): Promise<Ended> {
    const plan = await this.analyse(stages);
    if (!plan.fixable) return this.leave(plan, plan.sentence, 'not_fixable');
    try {
      const verified = await this.repair(stages);
      if (!verified.verified) return await this.unfixed(plan, verified);
      return await this.offer(stages, plan, verified);
    } catch (error) {
      // The failure must be free for another try, and people must hear of it.
      await fixers.settleFix({ ...this.ref, state: 'unfixed', reason: 'it could not be finished' });
      const why = 'The fix could not be finished; the execution says why.';
      await announce(leftToPeople(this.matter(plan), why, this.known));
      throw error;
    }
  }

  private analyse(stages: Stages): Promise<FixPlan> {
    return stages.run('analyse', async (stage) => {
      stage.link({ label: 'failed run', kind: 'run', ref: this.ref.run });
      const plan = await fixers.planFix({ ...this.ref, level: this.input.params.level ?? null });
      stage.data({
        tests: plan.tests,
        testIds: plan.testIds.join(' '),
        level: plan.level,
        fingerprint: plan.fingerprint,
      });
      if (plan.tests > 0) this.known = await recall(stage, this.ref, plan.project);
      stage.end(plan.fixable ? 'passed' : 'blocked', plan.sentence);
      return plan;
    });
  }

  private async repair(stages: Stages): Promise<VerifiedFix> {
    const proposed = await stages.run('generate', async (stage) => {
      const found = await repairs.proposeFixes.executeWithOptions({ summary: 'locate the fault, make candidates' }, [
        this.ref,
      ]);
      const model = await this.askModel();
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

  /** A model that stays away costs its candidates, not the fix. */
  private async askModel(): Promise<{ readonly candidates: number; readonly sentence: string }> {
    try {
      return await modelFixers.askModelForFixes({ ...this.ref, known: this.known });
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { candidates: 0, sentence: `The model gave no answer: ${problemOf(error).message}` };
    }
  }

  private async offer(stages: Stages, plan: FixPlan, verified: VerifiedFix): Promise<Ended> {
    const result = { run: this.ref.run, file: verified.file, line: verified.line };
    if (plan.level === 'observe') {
      await stages.skip('pull-request', 'The level is `observe`: the fix is told of, and nothing is opened.');
      await this.settle(plan, verified, { state: 'observed' });
      await announce(proposed(this.matter(plan), verified, null));
      return { outcome: 'observed', sentence: verified.sentence, result };
    }
    const offered = await stages.run('pull-request', async (stage) => {
      let approvedBy: string | null = null;
      if (plan.level === 'suggest') {
        stage.say(`Waits for approval, at most ${plan.approvalDays} days: ${verified.title}.`);
        await stage.save();
        await announce(approvalNeeded(this.matter(plan), verified));
        const decision = await this.approvals.wait('pull-request', plan.approvalDays * DAY_MS);
        if (!decision?.approve) {
          const why = decision
            ? `${decision.by} said no: ${decision.reason || 'without a reason'}`
            : 'Nobody decided in time.';
          await this.settle(plan, verified, {
            state: decision ? 'rejected' : 'unfixed',
            ...(decision ? { by: decision.by, reason: decision.reason } : {}),
          });
          stage.end('blocked', why);
          return why;
        }
        approvedBy = decision.by;
      }
      const made = await fixers.offerFix({
        ...this.ref,
        base: this.input.params.base ?? null,
        approvedBy,
        known: this.known,
      });
      if (made.pullRequest)
        stage.link({ label: `pull request ${made.pullRequest.number}`, kind: 'url', ref: made.pullRequest.url });
      stage.data({ branch: made.branch, pullRequest: made.pullRequest?.number ?? null, approvedBy });
      stage.end(made.pullRequest ? 'passed' : 'warned', made.sentence);
      return made;
    });
    if (typeof offered === 'string') return { outcome: 'rejected', sentence: offered, result };
    await announce(proposed(this.matter(plan), verified, offered));
    if (!offered.pullRequest) {
      await this.settle(plan, verified, { state: 'observed' });
      return { outcome: 'suggested', sentence: offered.sentence, result };
    }
    return this.follow(stages, { plan, verified, offered, pullRequest: offered.pullRequest }, result);
  }

  /** Until somebody merges or closes it. */
  private async follow(
    stages: Stages,
    { plan, verified, offered, pullRequest }: Following,
    result: Readonly<Record<string, unknown>>,
  ): Promise<Ended> {
    const { number, url } = pullRequest;
    const { state, by } = await stages.run('dashboard', async (stage) => {
      stage.link({ label: `pull request ${number}`, kind: 'url', ref: url });
      stage.data({ pullRequest: number, state: 'open' });
      stage.say(`Pull request ${number} is open.`);
      await stage.save();
      const ended = await this.ending(plan, number);
      stage.data({ state: ended.state, by: ended.by });
      stage.end(ended.state === 'merged' ? 'passed' : 'warned', `${endedAs(number, ended)}.`);
      return ended;
    });
    if (state === 'open')
      return {
        outcome: 'offered',
        sentence: `Pull request ${number} was still open after ${plan.followDays} days.`,
        result: { ...result, pullRequest: number, url },
      };
    await this.settle(plan, verified, {
      state,
      ...(by ? { by } : {}),
      ...(state === 'closed' && offered.commit ? { removeBranch: { commit: offered.commit } } : {}),
    });
    return {
      outcome: state,
      sentence: `${endedAs(number, { state, by })}.`,
      result: { ...result, pullRequest: number, url, by },
    };
  }

  /** Webhooks tell at once; what came before anybody listened, or never, is looked for. */
  private async ending({ repository, followDays }: FixPlan, number: number): Promise<FollowedPullRequest> {
    if (repository) await deliveries.followPullRequest({ repository, number, execution: this.ref.fix });
    for (let waited = 0; waited < followDays * DAY_MS; waited += LOOK_EVERY_MS) {
      const found = await fixers.fixPullRequest({ ...this.ref, number });
      if (found && found.state !== 'open') return { state: found.state, by: found.by ?? this.told?.by ?? null };
      if (await condition(() => this.told !== undefined && this.told.state !== 'open', LOOK_EVERY_MS))
        return this.told!;
    }
    return { state: 'open', by: null };
  }

  private async unfixed(plan: FixPlan, verified: VerifiedFix): Promise<Ended> {
    await this.settle(plan, verified, { state: 'unfixed', reason: verified.sentence });
    return this.leave(plan, verified.sentence, 'unfixed');
  }

  /** On record first, because it decides whether another try may be made; then remembered for failures like it. */
  private async settle(plan: FixPlan, { title, file }: VerifiedFix, change: Settlement): Promise<void> {
    await fixers.settleFix({ ...this.ref, ...change });
    const note = await remember({
      execution: this.ref.run,
      fix: this.ref.fix,
      testIds: plan.testIds,
      change: title === null ? null : `${title} in ${file}`,
      outcome: change.state,
      by: change.by ?? null,
      reason: change.reason ?? null,
    });
    if (note !== null) this.notes.push(note);
  }

  /** Block and alert. */
  private async leave(plan: FixPlan, why: string, outcome: string): Promise<Ended> {
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
    await announce(leftToPeople(this.matter(plan), why, this.known));
    return { outcome, sentence: why, result: { run: this.ref.run } };
  }

  private matter(plan: FixPlan): FixMatter {
    return { ref: this.ref, plan };
  }
}

const endedAs = (number: number, { state, by }: FollowedPullRequest): string =>
  `Pull request ${number} was ${state}${by ? ` by ${by}` : ''}`;

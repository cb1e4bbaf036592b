/**
 * Is this change safe to merge? What changed, what that risks, the tests that matter first, the gate, and an answer.
 * Ends green (merge allowed, with or without warnings) or red (merge blocked): both are results, never errors.
 */
import { isCancellation, upsertSearchAttributes } from '@temporalio/workflow';
import type { RunOutcome, WorkflowInput } from '../domain/executions.js';
import type { AnalysedChange, JudgedGate, PredictedRisk } from '../domain/pre-release/ports.js';
import { FIX_STAGE, PRE_RELEASE_STAGES } from '../domain/pre-release/stages.js';
import type { SuiteGroup } from '../domain/pre-release/suite-order.js';
import { type Judged, noticeOf, quoted, RUNNING, statementOf } from '../domain/pre-release/words.js';
import type { PreReleaseParams } from '../domain/workflows/pre-release.schema.js';
import { type Answering, answerCommit } from './answer-commit.js';
import { announce } from './announce.js';
import { searchAttributes } from './attributes.js';
import { runTests } from './child-run.js';
import { problemOf } from './failure.js';
import { orTell } from './or-tell.js';
import { analysts } from './proxies/analysis.js';
import { starts } from './proxies/executions.js';
import { changes, gates, ledger } from './proxies/pipelines.js';
import { asExecution, type Ended, type StageHandle, type Stages } from './stages.js';

export function preRelease(input: WorkflowInput<PreReleaseParams>): Promise<Ended> {
  return asExecution(input, PRE_RELEASE_STAGES, (stages) =>
    orTell('Pre-release testing', input, () => new PreRelease(input, stages).run()),
  );
}

class PreRelease {
  private answering: Answering | undefined;
  private readonly execution: string;

  constructor(
    private readonly input: WorkflowInput<PreReleaseParams>,
    private readonly stages: Stages,
  ) {
    this.execution = input.execution;
  }

  async run(): Promise<Ended> {
    const change = await this.stages.run('analyse', (stage) => this.analyse(stage));
    this.answering = this.answers(change);
    await this.answering?.say(RUNNING);
    const risk = await this.stages.run('risk', (stage) => this.predict(stage, change));
    const runs = await this.stages.run('tests', (stage) => this.test(stage, change, risk));
    const gate = await this.stages.run('gate', (stage) => this.judge(stage, change, runs));
    const judged: Judged = { execution: this.execution, change, risk, gate };
    // The answer is out before anything else is done with it.
    await this.answering?.say(statementOf(judged));
    await this.afterwards(judged, runs);
    upsertSearchAttributes(searchAttributes({ verdict: gate.outcome }));
    return {
      outcome: gate.outcome,
      sentence: gate.sentence,
      result: { runs: runs.map(({ run }) => run), tier: risk.tier, score: risk.score, reasons: gate.reasons },
    };
  }

  private async analyse(stage: StageHandle): Promise<AnalysedChange> {
    const { project, trust, params } = this.input;
    const { source, before, options } = params;
    const change = await changes.analyseChange.executeWithOptions({ summary: 'what was changed' }, [
      { execution: this.execution, project, trust, source, before, base: options.base },
    ]);
    const branch = params.branch ?? change.branch;
    upsertSearchAttributes(searchAttributes({ project: change.project, commit: change.commit, branch }));
    const { files, added, deleted, commits, author } = change;
    stage.data({
      commit: change.commit,
      base: change.base,
      branch,
      files,
      added,
      deleted,
      commits,
      author: author?.name ?? null,
    });
    stage.link({ label: 'the change', kind: 'artifact', ref: 'change.json' });
    stage.say(change.sentence);
    return { ...change, branch };
  }

  private async predict(stage: StageHandle, change: AnalysedChange): Promise<PredictedRisk> {
    const { project, digest } = change;
    const risk = await ledger.predictRisk.executeWithOptions({ summary: 'tier and score, by rules' }, [
      { execution: this.execution, project, change: digest },
    ]);
    const [first = ''] = risk.reasons;
    stage.data({ tier: risk.tier, score: risk.score, method: 'rules', raised: risk.raised.join('; ').slice(0, 1000) });
    stage.link({ label: 'all reasons', kind: 'artifact', ref: 'risk.json' });
    stage.say(`${risk.tier}, ${risk.score.toFixed(2)} by rules: ${first}`);
    return risk;
  }

  /** Those of high priority first; the rest beside them or after them, as the project says. */
  private async test(stage: StageHandle, change: AnalysedChange, risk: PredictedRisk): Promise<RunOutcome[]> {
    const asked = this.input.params.options.suites;
    const groups: readonly SuiteGroup[] = asked ? [{ name: 'all', suites: asked, priority: null }] : risk.groups;
    const runs: RunOutcome[] = [];
    if (change.settings.rest === 'beside')
      runs.push(...(await Promise.all(groups.map((group) => this.group(stage, change, group)))));
    else
      for (const group of groups) {
        runs.push(await this.group(stage, change, group));
        if (groups.length > runs.length) await this.sayEarly(change, risk, runs);
      }
    const red = runs.filter(({ verdict }) => verdict !== 'passed');
    stage.end(red.length > 0 ? 'failed' : 'passed', (red[0] ?? runs[0])?.sentence ?? 'nothing was run');
    return runs;
  }

  private async group(stage: StageHandle, change: AnalysedChange, group: SuiteGroup): Promise<RunOutcome> {
    const { source, options } = this.input.params;
    const outcome = await runTests(this.input, stage, {
      // The commit that was looked at, wherever its branch has gone since.
      source: source.kind === 'commit' && change.commit ? { ...source, commit: change.commit } : source,
      project: change.project,
      options: { ...options, ...(group.suites ? { suites: [...group.suites] } : {}) },
      priority: group.priority ?? 'by-suite',
    });
    stage.data({ [group.name]: `${outcome.verdict}: ${group.suites?.join(', ') ?? 'every suite'}`.slice(0, 1000) });
    await stage.save();
    return outcome;
  }

  /** A merge that is blocked already is blocked now, and not when the rest has ended. */
  private async sayEarly(change: AnalysedChange, risk: PredictedRisk, runs: readonly RunOutcome[]): Promise<void> {
    if (!this.answering || runs.every(({ verdict }) => verdict === 'passed')) return;
    const gate = await this.look(change, runs);
    if (gate.outcome === 'blocked')
      await this.answering.say(statementOf({ execution: this.execution, change, risk, gate }));
  }

  private async judge(stage: StageHandle, change: AnalysedChange, runs: readonly RunOutcome[]): Promise<JudgedGate> {
    const gate = await this.look(change, runs);
    stage.data({ outcome: gate.outcome, passed: gate.passed, failed: gate.failed, unfinished: gate.unfinished });
    stage.link({ label: 'rules that fired', kind: 'artifact', ref: 'gate.json' });
    if (gate.redRun) stage.link({ label: 'failure report', kind: 'run', ref: gate.redRun });
    stage.end(gate.outcome, gate.sentence);
    return gate;
  }

  private look({ digest }: AnalysedChange, runs: readonly RunOutcome[]): Promise<JudgedGate> {
    return gates.judgeGate.executeWithOptions({ summary: 'suite by suite' }, [
      { execution: this.execution, runs: runs.map(({ run }) => run), change: digest },
    ]);
  }

  /** Figures, memory and messages: none of them changes the answer. */
  private async afterwards(judged: Judged, runs: readonly RunOutcome[]): Promise<void> {
    const fix = await this.fix(judged);
    await this.stages.run('dashboard', (stage) => this.publish(stage, judged, runs));
    const hint = await this.stages.run('knowledge', (stage) => this.remember(stage, judged, runs));
    await this.stages.run('notify', async (stage) => {
      const notice = noticeOf(judged, [hint, fix].filter((line) => line !== null).join('\n\n') || null);
      await announce(notice);
      stage.data({ kind: notice.kind, severity: notice.severity });
      stage.say(`Announced: ${notice.title}. What became of the messages is in the list of notifications.`);
    });
  }

  /** The fixer goes on by itself, for as long as its pull request is open, and tells what comes of it: a fix or an alert. */
  private async fix({ change, gate }: Judged): Promise<string | null> {
    const { principal, trust, params } = this.input;
    const wanted = params.fix ?? change.settings.fix;
    const run = gate.redRun;
    if (gate.outcome !== 'blocked' || !wanted || gate.failed === 0 || run === null) return null;
    this.stages.add(FIX_STAGE.name, FIX_STAGE.title);
    return await this.stages.run(FIX_STAGE.name, async (stage) => {
      const { id } = await starts.startExecution.executeWithOptions({ summary: 'a fixer of its own' }, [
        {
          ...{ workflow: 'autoFix', project: change.project },
          params: { run, project: change.project, ...(change.branch ? { base: change.branch } : {}) },
          ...{ principal, trust, key: `fix/${run}`, parent: this.execution },
        },
      ]);
      stage.link({ label: 'fixer', kind: 'execution', ref: id });
      stage.say('A fix is tried; the pull request, or that people are needed, is told by the fixer.');
      return `A fix is tried by ${quoted(id)}.`;
    });
  }

  /** Memory is worth something and changes no answer: when it is away for long, the run goes on without. */
  private async remember(stage: StageHandle, { gate }: Judged, runs: readonly RunOutcome[]): Promise<string | null> {
    try {
      const stored = await Promise.all(runs.map(({ run }) => analysts.rememberOutcome({ execution: run })));
      const lessons = stored.reduce((sum, each) => sum + each.lessons, 0);
      stage.data({ lessons, embedding: stored[0]?.embedding ?? null });
      stage.say(`${lessons} lessons are kept, found again by meaning.`);
      if (gate.outcome !== 'blocked' || gate.redRun === null) return null;
      const { failures, total } = await analysts.analyseFailures({ execution: gate.redRun });
      stage.link({ label: 'analysis of the failures', kind: 'artifact', ref: 'analysis.json' });
      const [first] = failures;
      if (!first) return null;
      stage.data({ analysed: total, first: `${first.class}: ${first.why[0] ?? ''}`.slice(0, 1000) });
      return `Where to look first: ${quoted(first.test)} in ${quoted(first.file)}, ${first.class}: ${quoted(first.why.join(' '))}`;
    } catch (error) {
      if (isCancellation(error)) throw error;
      stage.end('warned', problemOf(error).message);
      return null;
    }
  }

  private async publish(
    stage: StageHandle,
    { change, risk, gate }: Judged,
    runs: readonly RunOutcome[],
  ): Promise<void> {
    const { execution } = this;
    const { project, commit, base, branch, files, digest } = change;
    const { tier, score } = risk;
    const { outcome, passed, failed, unfinished } = gate;
    const ids = runs.map(({ run }) => run);
    const values = { commit, branch, files, tier, score, passed, failed, unfinished, runs: ids.length };
    await Promise.all([
      ledger.publishFigures({ execution, workflow: 'preRelease', project, outcome, values }),
      ledger.recordOutcome({ execution, project, commit, base, tier, score, outcome, runs: ids, change: digest }),
    ]);
    stage.data(values);
    stage.say('Figures are published; the outcome is kept for predictions.');
  }

  private answers({ project, commit, branch, dirty }: AnalysedChange): Answering | undefined {
    const { source, pullRequest, answer } = this.input.params;
    if (!answer || dirty || commit === null) return undefined;
    const repository = source.kind === 'commit' ? source.repository : source.dir;
    return answerCommit({ project, repository, commit, branch, context: 'baton/pre-release', pullRequest });
  }
}

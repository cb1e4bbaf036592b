/** Tests a commit and says what came of it where its team looks. */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { AnswerStatement } from '../domain/answer.js';
import type { RunOutcome, WorkflowInput } from '../domain/executions.js';
import type { CommitCheckParams } from '../domain/workflows/commit-check.schema.js';
import { type Answering, answerCommit } from './answer-commit.js';
import { runTests } from './child-run.js';
import { problemOf } from './failure.js';
import { asExecution, type Ended, type Stages } from './stages.js';

export function commitCheck(input: WorkflowInput<CommitCheckParams>): Promise<Ended> {
  const { source, branch, pullRequest, context } = input.params;
  const answering = answerCommit({
    project: input.project,
    repository: source.repository,
    commit: source.commit,
    branch: branch ?? null,
    context,
    pullRequest: pullRequest ?? undefined,
  });
  const plan = [
    { name: 'tests', title: 'Run tests' },
    { name: 'answer', title: 'Answer' },
  ];
  return asExecution(input, plan, async (stages) => {
    await answering.say({ state: 'pending', title: 'tests are running', summary: '' });
    try {
      const outcome = await test(input, stages);
      await stages.run('answer', async (stage) => {
        await answering.say(statementOf(outcome, input.params.blocks));
        stage.end('passed', `told as ${context}`);
      });
      return {
        outcome: outcome.verdict,
        sentence: outcome.sentence,
        result: { run: outcome.run, totals: outcome.totals },
      };
    } catch (error) {
      await CancellationScope.nonCancellable(() => lastWord(answering, error));
      throw error;
    }
  });
}

function test(input: WorkflowInput<CommitCheckParams>, stages: Stages): Promise<RunOutcome> {
  const { source, options, priority, project } = input.params;
  return stages.run('tests', async (stage) => {
    const ended = await runTests(input, stage, { source, options, priority, project });
    stage.end(ended.verdict === 'passed' ? 'passed' : 'failed', ended.sentence);
    return ended;
  });
}

function statementOf({ verdict, sentence, run }: RunOutcome, blocks: boolean): AnswerStatement {
  const state = verdict === 'passed' ? 'success' : verdict === 'failed' || verdict === 'blocked' ? 'failure' : 'error';
  return { state, title: sentence, summary: '', run, blocks };
}

function lastWord(answering: Answering, error: unknown): Promise<void> {
  const cancelled = isCancellation(error);
  const title = cancelled ? 'cancelled, such as because of a newer commit' : problemOf(error).message;
  return answering.say({ state: 'error', title: title.slice(0, 500), summary: '', blocks: !cancelled });
}

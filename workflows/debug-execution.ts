/** Finds out what can be found out about the failures of one execution. Nothing in it changes a verdict. */
import { isCancellation } from '@temporalio/workflow';
import type { WorkflowInput } from '../domain/executions.js';
import type { DebugExecutionParams } from '../domain/workflows/debug-execution.schema.js';
import { problemOf } from './failure.js';
import { analysts, explainers } from './proxies/analysis.js';
import { asExecution, type Ended, type StageHandle } from './stages.js';

const STAGES = [
  { name: 'analyse', title: 'Analyse failures' },
  { name: 'explain', title: 'Ask the model' },
  { name: 'remember', title: 'Remember' },
] as const;

export function debugExecution(input: WorkflowInput<DebugExecutionParams>): Promise<Ended> {
  const { run, explain } = input.params;
  return asExecution(input, STAGES, async (stages) => {
    const { total, fixable, analysis } = await stages.run('analyse', async (stage) => {
      stage.link({ label: 'test run', kind: 'run', ref: run });
      const found = await analysts.analyseFailures.executeWithOptions({ summary: `failures of ${run}` }, [
        { execution: run },
      ]);
      stage.end('passed', `${found.total} failures, ${found.fixable} of them may be fixed automatically`);
      return found;
    });
    if (explain && total > 0) await stages.run('explain', (stage) => opinion(run, stage));
    else await stages.skip('explain', total > 0 ? 'not asked for' : 'nothing failed');
    await stages.run('remember', async (stage) => {
      const { lessons } = await analysts.rememberOutcome({ execution: run });
      stage.end('passed', `${lessons} lessons`);
    });
    return { outcome: 'analysed', sentence: `${total} failures analysed.`, result: { run, total, fixable, analysis } };
  });
}

/** A model that does not answer is a remark, not a failure: the rules stand by themselves. */
async function opinion(run: string, stage: StageHandle): Promise<void> {
  try {
    const { asked, explained, problem } = await explainers.explainFailures({ execution: run });
    if (asked === 0) stage.end('skipped', 'no model is configured, or everything is explained');
    else
      stage.end(
        problem === null ? 'passed' : 'warned',
        `${explained} of ${asked} explained${problem === null ? '' : `: ${problem}`}`,
      );
  } catch (error) {
    if (isCancellation(error)) throw error;
    stage.end('warned', `The model did not answer: ${problemOf(error).message}`);
  }
}

/** Runs the suites of a project once, as an execution that schedules and triggers can start. */
import type { WorkflowInput } from '../domain/executions.js';
import type { SuiteRunParams } from '../domain/workflows/suite-run.schema.js';
import { runTests } from './child-run.js';
import { asExecution, type Ended } from './stages.js';

export function suiteRun(input: WorkflowInput<SuiteRunParams>): Promise<Ended> {
  return asExecution(input, [{ name: 'tests', title: 'Run tests' }], async (stages) => {
    const outcome = await stages.run('tests', async (stage) => {
      const ended = await runTests(input, stage, { ...input.params });
      stage.end(ended.verdict === 'passed' ? 'passed' : 'failed', ended.sentence);
      return ended;
    });
    return {
      outcome: outcome.verdict,
      sentence: outcome.sentence,
      result: { run: outcome.run, totals: outcome.totals },
    };
  });
}

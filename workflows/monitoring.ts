/** Continuous monitoring, one firing: is everything well, how fast is it, is anything odd, then test it, then show it. */
import { workflowInfo } from '@temporalio/workflow';
import type { WorkflowInput } from '../domain/executions.js';
import type { AnomalyRef } from '../domain/monitoring/activities.js';
import { MONITORING_STAGES } from '../domain/monitoring/stages.js';
import { beginTests } from './child-run.js';
import { judges, keepers, watchers } from './proxies/monitoring.js';
import { asExecution, type Ended, type Stages } from './stages.js';

/** A firing of the schedule has no execution yet: its own id is the one. */
export async function monitoring(input: Pick<WorkflowInput, 'execution'>): Promise<Ended> {
  const execution = workflowInfo().workflowId;
  if (input.execution !== execution) await keepers.openFiring({ execution });
  return asExecution({ execution }, MONITORING_STAGES, async (stages) => {
    const well = await checkHealth(stages, execution);
    await samplePerformance(stages, execution);
    const anomalies = await findAnomalies(stages, execution);
    const run = await testIfNeeded(stages, execution, anomalies);
    await stages.run('dashboard', async (stage) => {
      const { series, open } = await watchers.putDashboard({ execution, run });
      stage.end('passed', `${series} series, ${open} open anomalies`);
    });
    if (anomalies.length > 0)
      return { outcome: 'anomaly', sentence: anomalies.map(({ sentence }) => sentence).join(' '), result: { run } };
    return well
      ? { outcome: 'quiet', sentence: 'Everything is well, and nothing is odd.' }
      : { outcome: 'unwell', sentence: 'Something is not well; the health checks say what.' };
  });
}

function checkHealth(stages: Stages, execution: string): Promise<boolean> {
  return stages.run('health', async (stage) => {
    const { status, checked, bad } = await watchers.checkHealth({ execution });
    stage.data({ status, checked, ...Object.fromEntries(bad.map(({ name, sentence }) => [name, sentence])) });
    if (status === 'healthy') stage.end('passed', `all ${checked} are well`);
    else stage.end('warned', `${status}: ${bad.map(({ name, sentence }) => `${name}: ${sentence}`).join(' ')}`);
    return status === 'healthy';
  });
}

function samplePerformance(stages: Stages, execution: string): Promise<void> {
  return stages.run('performance', async (stage) => {
    const { series, main } = await watchers.samplePerformance({ execution });
    stage.data({ ...main });
    stage.end('passed', `${series} series collected`);
  });
}

function findAnomalies(stages: Stages, execution: string): Promise<readonly AnomalyRef[]> {
  return stages.run('anomalies', async (stage) => {
    const { judged, anomalies } = await judges.findAnomalies({ execution });
    stage.data(Object.fromEntries(anomalies.map(({ series, sentence }) => [series, sentence])));
    if (anomalies.length === 0) stage.end('passed', `${judged} series judged, nothing is odd`);
    else stage.end('warned', anomalies.map(({ sentence }) => sentence).join(' '));
    return anomalies;
  });
}

/** An anomaly, and nothing else, starts a run: one for all that a firing has found. It goes on by itself. */
async function testIfNeeded(
  stages: Stages,
  execution: string,
  anomalies: readonly AnomalyRef[],
): Promise<string | null> {
  if (anomalies.length === 0) {
    await stages.skip('tests', 'nothing is odd');
    return null;
  }
  return stages.run('tests', async (stage) => {
    const { request, run, why } = await keepers.testsFor({ execution, anomalies: anomalies.map(({ id }) => id) });
    if (!request) {
      stage.end('skipped', why);
      return null;
    }
    await beginTests({ execution }, stage, request, run);
    stage.end('passed', `${run} runs because of ${anomalies.map(({ series }) => series).join(', ')}`);
    return run;
  });
}

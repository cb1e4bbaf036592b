/** Starts one workflow many times, so many at a time; the first one as a canary where wanted. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ActivityFailure, ChildWorkflowFailure, executeChild, isCancellation } from '@temporalio/workflow';
import { CONTROL_QUEUE } from '../domain/names.js';
import type { BulkStartParams } from '../domain/workflows/bulk-start.schema.js';
import type { WorkflowInput } from '../domain/executions.js';
import { problemOf } from './failure.js';
import { bulk } from './proxies/bulk.js';
import { actions } from './proxies/stored.js';
import { asExecution, type Ended, type StageHandle } from './stages.js';

const DAY_MS = 86_400_000;
const BAD = new Set(['failed', 'blocked', 'rejected', 'rolled-back', 'fix-failed', 'incomplete', 'cancelled']);

interface One {
  readonly key: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly like?: string;
}

export function bulkStart(input: WorkflowInput<BulkStartParams>): Promise<Ended> {
  const { params } = input;
  const all = onesOf(params);
  const plan = [
    { name: 'canary', title: params.canary ? 'The first one, as a canary' : 'The first one' },
    { name: 'rest', title: `${Math.max(0, all.length - 1)} others` },
  ];
  return asExecution(input, plan, async (stages) => {
    const counts = { good: 0, bad: 0 };
    // A stage shows fifty links at most.
    const links = { left: 50 };
    let first = '';
    const run = async (one: One, stage: StageHandle): Promise<boolean> => {
      const { good, sentence } = await runOne(input, one, stage, links);
      if (good) counts.good++;
      else {
        counts.bad++;
        first ||= sentence;
      }
      return good;
    };
    const [canary, ...rest] = all;
    const passed = await stages.run('canary', async (stage) => {
      const good = canary === undefined || (await run(canary, stage));
      stage.end(good ? 'passed' : 'failed', good ? 'It passed.' : first);
      return good;
    });
    if (params.canary && !passed) {
      await stages.skip('rest', 'The first one did not pass, so no other was started.');
      return {
        outcome: 'failed',
        sentence: `The canary did not pass, so the other ${rest.length} were not started: ${first}`.slice(0, 900),
        result: { ...counts, notStarted: rest.length },
      };
    }
    await stages.run('rest', async (stage) => {
      let next = 0;
      const lane = async (): Promise<void> => {
        for (let one = rest[next++]; one; one = rest[next++]) await run(one, stage);
      };
      await Promise.all(Array.from({ length: Math.min(params.parallel, rest.length) }, lane));
      stage.end(counts.bad > 0 ? 'failed' : 'passed', `${counts.good} passed, ${counts.bad} did not.`);
    });
    const sentence = `${counts.good} of ${all.length} passed${counts.bad > 0 ? `, ${counts.bad} did not. The first: ${first}` : ''}`;
    return {
      outcome: counts.bad > 0 ? 'failed' : 'passed',
      sentence: sentence.slice(0, 900),
      result: { ...counts, notStarted: 0 },
    };
  });
}

function onesOf({ days, executions, params }: BulkStartParams): One[] {
  if (executions) return executions.map((like) => ({ key: like, like, params }));
  if (!days) return [];
  const ones: One[] = [];
  const end = Date.parse(`${days.to}T00:00:00Z`);
  for (let at = Date.parse(`${days.from}T00:00:00Z`); at <= end; at += days.every * DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    ones.push({
      key: day,
      params: { ...params, $date: day, ...(days.param === undefined ? {} : { [days.param]: day }) },
    });
  }
  return ones;
}

/** What keeps one of them from passing keeps no other from being started. */
async function runOne(
  input: WorkflowInput<BulkStartParams>,
  one: One,
  stage: StageHandle,
  links: { left: number },
): Promise<{ good: boolean; sentence: string }> {
  try {
    const child = await bulk.requestOne({
      parent: input.execution,
      key: `${input.execution}/${one.key}`,
      workflow: input.params.workflow,
      params: one.params,
      ...(one.like === undefined ? {} : { like: one.like }),
    });
    const id = child.input.execution;
    if (links.left-- > 0) stage.link({ label: one.key, kind: 'execution', ref: id });
    const ended = await endOf(child.type, id, child.input);
    return { good: !BAD.has(ended.outcome), sentence: `${one.key}: ${ended.sentence}` };
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure)
      return { good: false, sentence: `${one.key}: ${problemOf(error).message}` };
    throw error;
  }
}

async function endOf(
  type: string,
  workflowId: string,
  given: WorkflowInput,
): Promise<Pick<Ended, 'outcome' | 'sentence'>> {
  try {
    return (await executeChild(type, {
      workflowId,
      taskQueue: CONTROL_QUEUE,
      args: [given],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
    })) as Ended;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return actions.awaitExecution({ execution: workflowId });
  }
}

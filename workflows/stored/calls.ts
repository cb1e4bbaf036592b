/** Does what one try of a step asks for, wherever it is done. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, ParentClosePolicy, proxyActivities, startChild } from '@temporalio/workflow';
import type { Definition, StepCall } from '../../domain/definitions/definition.schema.js';
import {
  MAX_OUTPUT_BYTES,
  runRequest,
  sourceOf,
  type StepKey,
  type StepResult,
  type StoredInput,
  variablesOf,
} from '../../domain/definitions/execution.js';
import { misfit } from '../../domain/definitions/field.js';
import { isObject, type Json, type JsonObject } from '../../domain/definitions/json.js';
import type { Action } from '../../domain/definitions/roles.js';
import { CONTROL_QUEUE, hostQueue, RUNNER_QUEUE } from '../../domain/names.js';
import type { Source } from '../../domain/run.schema.js';
import { newRun, runTests } from '../child-run.js';
import { joined } from '../joined.js';
import { actionOptions, actions, commandOptions, commands, OWN_QUEUE_WAIT_MS } from '../proxies/stored.js';
import type { Ended } from '../stages.js';
import { failed, resultOfError, within } from './failures.js';
import { notify } from './notify.js';

/** Largest set of inputs that travels to an activity. */
const MAX_SETTINGS_BYTES = 32 * 1024;

export interface Call {
  readonly input: StoredInput;
  readonly definition: Definition;
  readonly call: StepCall;
  readonly action: Action;
  readonly key: StepKey;
  /** Inputs with every expression replaced. */
  readonly settings: JsonObject;
  readonly timeoutMs: number;
  /** What `setup_environment` has said of the surroundings. */
  readonly variables: Record<string, string>;
  /** An execution that the step has started, for whoever looks. */
  readonly link: (kind: 'run' | 'execution', ref: string) => void;
}

export async function perform(call: Call): Promise<StepResult> {
  const wrong = badSettings(call);
  if (wrong !== undefined) return failed('BadInput', wrong);
  try {
    switch (call.action.by) {
      case 'control':
        return await onControl(call);
      case 'runner':
        return await onRunner(call);
      default:
        return await within(call.timeoutMs, () => asChild(call));
    }
  } catch (error) {
    return resultOfError(error);
  }
}

function badSettings({ call, action, settings }: Call): string | undefined {
  if (JSON.stringify(settings).length > MAX_SETTINGS_BYTES)
    return `The inputs are larger than ${MAX_SETTINGS_BYTES / 1024} KiB: hand large values over as whole outputs of a step.`;
  for (const [name, value] of Object.entries(settings)) {
    const field = Object.hasOwn(action.inputs, name) ? action.inputs[name] : undefined;
    if (!field || value === null || isLarge(value)) continue;
    const wrong = field.type === 'string' && typeof value !== 'object' ? undefined : misfit(field, value);
    if (wrong) return `\`${name}\` of ${call.role}.${call.action} ${wrong}.`;
  }
  return undefined;
}

const isLarge = (value: Json): boolean => isObject(value) && typeof value['$artifact'] === 'string';

const summaryOf = ({ key, call }: Call): string =>
  `${key.step}${key.item < 0 ? '' : `[${key.item}]`}: ${call.role}.${call.action}${key.try > 1 ? `, try ${key.try}` : ''}`.slice(
    0,
    190,
  );

/** The code that the step works on, where there is any. */
function given({ input, variables }: Call): { source?: Source } {
  const source = sourceOf(input.params.source, variables);
  return source ? { source } : {};
}

/** The limit of the step is kept where it is done; the engine's lies a minute behind. */
const LAST_RESORT_MS = 60_000;

async function onControl(call: Call): Promise<StepResult> {
  const { input, key, settings, timeoutMs, definition } = call;
  const result = await actions.runAction.executeWithOptions(
    { ...actionOptions, startToCloseTimeout: timeoutMs + LAST_RESORT_MS, summary: summaryOf(call) },
    [
      {
        ...key,
        role: call.call.role,
        action: call.call.action,
        with: settings,
        timeoutMs,
        workflow: definition.name,
        environment: input.params.environment,
        ...given(call),
      },
    ],
  );
  if (call.call.action === 'setup_environment' && result.ok) Object.assign(call.variables, variablesOf(result.outputs));
  return result;
}

function onRunner(call: Call): Promise<StepResult> {
  const { input, key, settings, timeoutMs, definition } = call;
  const { host } = input.params;
  const source = sourceOf(input.params.source, call.variables);
  const custom = Object.hasOwn(definition.roles, call.call.role) ? definition.roles[call.call.role] : undefined;
  return commands.runCommand.executeWithOptions(
    {
      ...commandOptions,
      startToCloseTimeout: timeoutMs + LAST_RESORT_MS,
      taskQueue: source?.kind === 'directory' ? hostQueue(RUNNER_QUEUE, host) : RUNNER_QUEUE,
      summary: summaryOf(call),
    },
    [
      {
        ...key,
        role: call.call.role,
        action: call.call.action,
        with: settings,
        timeoutMs,
        workflow: definition.name,
        environment: input.params.environment,
        trust: input.trust,
        ...(source ? { source } : {}),
        ...(custom ? { custom } : {}),
      },
    ],
  );
}

function asChild(call: Call): Promise<StepResult> {
  const { role, action } = call.call;
  if (role === 'test_runner' && action === 'run_tests') return tests(call);
  if (role === 'notifier') return notify(call);
  if (role === 'workflow') return workflow(call);
  return onOwnQueue(call);
}

async function tests(call: Call): Promise<StepResult> {
  const { input, settings, key } = call;
  const source = sourceOf(input.params.source, call.variables);
  if (!source)
    return failed(
      'BadInput',
      'There is no code to test: name it as `source` of the execution (`--source DIR`) or of the definition.',
    );
  const run = newRun();
  call.link('run', run);
  const variables = variablesOf({ environment: input.params.environment, ...settings }, call.variables);
  const request = runRequest(settings, source, variables);
  const limit = settings['timeout'];
  const work = async (): Promise<StepResult> => {
    const { verdict, totals, sentence } = await runTests(input, undefined, request, run);
    const { passed, failed: red, skipped, flaky, notRun } = totals;
    const outputs = { run, verdict, sentence, passed, failed: red, skipped, flaky, not_run: notRun };
    if (verdict === 'passed' || (settings['allow_failures'] === true && verdict === 'failed'))
      return { ok: true, outputs };
    const type = verdict === 'failed' || verdict === 'blocked' ? 'TestsFailed' : 'TestsIncomplete';
    const message = `Tests of ${key.step}: ${sentence || verdict}`;
    return { ok: false, failure: { type, message, red: type === 'TestsFailed', outputs } };
  };
  return typeof limit === 'number' ? within(limit * 1000, work) : work();
}

async function workflow(call: Call): Promise<StepResult> {
  const { input, key, settings } = call;
  const child = await actions.requestChild({
    parent: input.execution,
    key: [input.execution, key.attempt, key.step, key.item, key.try].join('/'),
    workflow: String(settings['name']),
    params: isObject(settings['params']) ? settings['params'] : {},
    depth: input.params.$depth + 1,
    ...given(call),
  });
  const id = child.input.execution;
  call.link('execution', id);
  const options = {
    workflowId: id,
    taskQueue: CONTROL_QUEUE,
    args: [child.input],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
  } as const;
  try {
    if (settings['wait'] === false) {
      await startChild(child.type, { ...options, parentClosePolicy: ParentClosePolicy.ABANDON });
      return { ok: true, outputs: { execution: id, status: 'started', outputs: {} } };
    }
    const ended = (await executeChild(child.type, options)) as Ended;
    const outputs = ended.result?.['outputs'];
    return childResult(id, {
      outcome: ended.outcome,
      sentence: ended.sentence,
      outputs: isObject(outputs) ? outputs : {},
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    if (settings['wait'] === false) return { ok: true, outputs: { execution: id, status: 'started', outputs: {} } };
    return childResult(id, await joined(id, () => actions.awaitExecution({ execution: id })));
  }
}

/** Words of workflows for an end that is not good news. */
const RED = new Set(['failed', 'blocked', 'rejected', 'rolled-back', 'fix-failed', 'incomplete', 'cancelled']);

function childResult(execution: string, ended: { outcome: string; sentence: string; outputs: JsonObject }): StepResult {
  const outputs = { execution, status: ended.outcome, outputs: ended.outputs };
  if (!RED.has(ended.outcome)) return { ok: true, outputs };
  return {
    ok: false,
    failure: {
      type: 'WorkflowFailed',
      message: `Execution ${execution}: ${ended.sentence}`.slice(0, 1_500),
      red: ended.outcome !== 'incomplete',
      outputs,
    },
  };
}

/** An activity of the user's own worker, in whatever language. */
async function onOwnQueue(call: Call): Promise<StepResult> {
  const { definition, settings, timeoutMs } = call;
  const { role, action } = call.call;
  const taskQueue = definition.roles[role]?.taskQueue;
  if (taskQueue === undefined) return failed('Internal', `Nobody knows how to do ${role}.${action}.`);
  const own = proxyActivities<Record<string, (inputs: JsonObject) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: timeoutMs,
    scheduleToStartTimeout: Math.max(timeoutMs, OWN_QUEUE_WAIT_MS),
    summary: summaryOf(call),
    retry: { maximumAttempts: 1 },
  });
  const value = await own[action]!(settings);
  const outputs = isObject(value) ? value : value === undefined || value === null ? {} : { value: value as Json };
  const bytes = JSON.stringify(outputs).length;
  if (bytes > MAX_OUTPUT_BYTES)
    return failed(
      'TooLarge',
      `${role}.${action} gave back ${bytes} bytes; at most ${MAX_OUTPUT_BYTES / 1024} KiB travel: store it and give back where it is.`,
    );
  return { ok: true, outputs };
}

/** One step: all its items, all its tries. */
import { sleep } from '@temporalio/workflow';
import { actionOf } from '../../domain/definitions/actions.js';
import type { RetrySpec, StepCall, StepSpec } from '../../domain/definitions/definition.schema.js';
import type { ProgressOfItems, StepKey, StepResult } from '../../domain/definitions/execution.js';
import { isObject, type Json, type JsonObject } from '../../domain/definitions/json.js';
import { overridden } from '../../domain/definitions/parameters.js';
import { writesItself } from '../../domain/definitions/roles.js';
import { conditionOf, render } from '../../domain/definitions/templates.js';
import { announce } from '../announce.js';
import { actions } from '../proxies/stored.js';
import { perform } from './calls.js';
import { failed, resultOfError } from './failures.js';
import { gate } from './gates.js';
import { itemsOf } from './items.js';
import { noticeOf } from './notify.js';
import type { Round } from './round.js';

export async function runStep(round: Round, step: StepSpec): Promise<StepResult | 'paused'> {
  if (!round.shared.progress.isSingle) round.shared.progress.set(step.name, 'running');
  return step.forEach ? eachItem(round, step, step.forEach) : tries(round, step, round.facts(), -1);
}

async function eachItem(
  round: Round,
  step: StepSpec,
  forEach: NonNullable<StepSpec['forEach']>,
): Promise<StepResult | 'paused'> {
  const before: ProgressOfItems = round.items.get(step.name) ?? { next: 0, succeeded: 0, failed: 0 };
  const items = await itemsOf(forEach, round.facts(), before.next);
  if (items.total > forEach.max)
    return failed('TooManyItems', `There are ${items.total} items; \`max\` allows ${forEach.max}.`);
  const now = { ...before };
  const stops = (): boolean => now.failed > 0 && step.onFailure !== 'continue';
  const lane = async (): Promise<void> => {
    while (now.next < items.total && !stops() && !round.draining()) {
      const index = now.next++;
      const variables = { ...round.facts(), [forEach.as]: await items.at(index), index };
      const result = await tries(round, step, variables, index);
      if (result === 'paused') {
        // The gate of an item waits on in the next run: it is the next item again.
        now.next = Math.min(now.next, index);
        return;
      }
      if (result.ok) now.succeeded++;
      else {
        now.failed++;
        if (!now.firstFailure)
          Object.assign(now, {
            firstFailure: { ...result.failure, message: `Item ${index}: ${result.failure.message}` },
          });
      }
      round.shared.progress.count(
        step.name,
        () =>
          `${step.name}: ${now.succeeded} of ${items.total} items succeeded${now.failed > 0 ? `, ${now.failed} failed` : ''}`,
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(forEach.parallel, items.total) }, lane));
  if (now.next < items.total && !stops()) {
    round.items.set(step.name, now);
    return 'paused';
  }
  await round.write();
  const { execution } = round.shared.input;
  const collected = await actions.collectItems.executeWithOptions(
    { summary: `${step.name}: collect the outputs of ${items.total} items` },
    [{ execution, attempt: round.attempt, step: step.name, count: items.total }],
  );
  if (!collected.ok || now.failed === 0) return collected;
  const first = now.firstFailure!;
  const message = `${now.failed} of ${items.total} items failed. ${first.message}`;
  return { ok: false, failure: { type: first.type, message, red: first.red, outputs: collected.outputs } };
}

async function tries(
  round: Round,
  step: StepSpec,
  variables: Readonly<Record<string, unknown>>,
  item: number,
): Promise<StepResult | 'paused'> {
  const attempts = step.retry?.attempts ?? 1;
  for (let no = 1; ; no++) {
    const key: StepKey = {
      execution: round.shared.input.execution,
      attempt: round.attempt,
      step: step.name,
      item,
      try: no,
    };
    const result = await once(round, step, key, variables, step.timeoutMs);
    if (result === 'paused') return result;
    if (item >= 0 && !writesItself(step))
      round.record({
        ...key,
        status: result.ok ? 'succeeded' : 'failed',
        ...(result.ok ? { outputs: result.outputs } : { failure: result.failure }),
      });
    if (result.ok || no >= attempts || HOPELESS.has(result.failure.type)) return result;
    const waitMs = waitBefore(no, step.retry!);
    if (waitMs > 0)
      await sleep(waitMs, {
        summary: `${step.name}: try ${no + 1} of ${attempts}, because ${result.failure.message}`.slice(0, 190),
      });
  }
}

/** What no repetition can mend. */
const HOPELESS: ReadonlySet<string> = new Set([
  'BadExpression',
  'BadInput',
  'Rejected',
  'TooManyItems',
  'ConfigInvalid',
]);

const waitBefore = (no: number, { delayMs, backoff = 1, maxDelayMs = Number.POSITIVE_INFINITY }: RetrySpec): number =>
  Math.min(delayMs * backoff ** (no - 1), maxDelayMs, 86_400_000);

/** One try of a step, or of what undoes it. */
export async function once(
  round: Round,
  call: StepCall,
  key: StepKey,
  variables: Readonly<Record<string, unknown>>,
  timeoutMs: number | undefined,
): Promise<StepResult | 'paused'> {
  const { definition, input, progress, approvals, signals, deadlines } = round.shared;
  const action = actionOf(definition, call);
  if (!action) return failed('Internal', `Nobody knows how to do ${call.role}.${call.action}.`);
  let settings: JsonObject;
  try {
    settings = settingsOf(round, call, variables);
  } catch (error) {
    return resultOfError(error);
  }
  if (action.by === 'interpreter')
    return gate(call.action, {
      key,
      settings,
      deadlines,
      signals,
      approvals,
      draining: () => round.draining(),
      tell: async (sentence) => {
        progress.set(key.step, 'running', { sentence });
        if (call.action !== 'approve' || input.resume) return;
        const channels = settings['channels'];
        await announce({
          ...noticeOf(
            input,
            `${key.execution}/${key.attempt}/${key.step}/${key.item}/${key.try}`,
            'approval_needed',
            `${definition.name}: approval needed for ${key.step}`,
            sentence,
          ),
          ...(Array.isArray(channels) ? { channels: channels.map(String) } : {}),
        });
      },
    });
  return perform({
    input,
    definition,
    call,
    action,
    key,
    settings,
    timeoutMs: timeoutMs ?? action.timeoutMs,
    variables: round.shared.variables,
    link: (kind, ref) =>
      progress.set(key.step, 'running', { links: [{ label: kind === 'run' ? 'test run' : 'execution', kind, ref }] }),
  });
}

function settingsOf(round: Round, call: StepCall, variables: Readonly<Record<string, unknown>>): JsonObject {
  const { definition, input } = round.shared;
  const step = { ...call, name: '', dependsOn: [] } as StepSpec;
  const raw = overridden(definition, step, input.params.overrides);
  const { condition: check, ...rest } = raw;
  const isCheck = call.role === 'gate' && call.action === 'check' && typeof check === 'string';
  const rendered = render((isCheck ? rest : raw) as Json, variables);
  const settings = isObject(rendered) ? rendered : {};
  return isCheck ? { ...settings, condition: conditionOf(check).evaluate(variables) } : settings;
}

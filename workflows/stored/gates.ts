/** Steps that the interpreter does itself: waiting for people, signals and time, and checks. */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { durationMs, durationText } from '../../domain/definitions/duration.js';
import type { StepKey, StepResult } from '../../domain/definitions/execution.js';
import { FIELD_TYPES, type Field, type Fields } from '../../domain/definitions/field.js';
import { isObject, type JsonObject } from '../../domain/definitions/json.js';
import { checkAnswers } from '../../domain/definitions/parameters.js';
import { asText } from '../../domain/definitions/templates.js';
import type { Approvals, Decided } from '../approval.js';
import { failed } from './failures.js';

/** `paused`: the workflow continues as new first, and the step then goes on waiting. */
export type GateResult = StepResult | 'paused';

export interface GateSetting {
  readonly key: StepKey;
  readonly settings: JsonObject;
  /** Until when it waits, kept while the workflow continues as new. */
  readonly deadlines: Map<string, number>;
  readonly signals: Map<string, JsonObject[]>;
  readonly approvals: Approvals;
  /** The workflow wants to continue as new. */
  readonly draining: () => boolean;
  /** Tells people once that somebody is waited for. */
  readonly tell: (sentence: string) => Promise<void>;
}

const DEFAULT_WAIT = '24h';

export async function gate(action: string, at: GateSetting): Promise<GateResult> {
  const { settings } = at;
  switch (action) {
    case 'sleep':
      return waitUntil(at, settings['duration'], async (ms) => {
        await condition(at.draining, ms);
        return undefined;
      });
    case 'wait_for_signal':
      return signal(at, asText(settings['signal'] ?? ''));
    case 'approve':
      return approve(at);
    case 'check': {
      if (settings['condition'] === true) return { ok: true, outputs: {} };
      const message = settings['message'];
      return failed(
        'CheckFailed',
        typeof message === 'string' && message !== '' ? message : 'The condition does not hold.',
        true,
      );
    }
    case 'set':
      return { ok: true, outputs: { values: isObject(settings['values']) ? settings['values'] : {} } };
    default:
      return failed('Internal', `Nobody knows how to do gate.${action}.`);
  }
}

/** Runs `work` until the deadline; without an answer by then the time itself is the answer, or the expiry a failure. */
async function waitUntil(
  at: GateSetting,
  duration: unknown,
  work: (ms: number) => Promise<StepResult | undefined>,
  expired?: (text: string) => StepResult,
): Promise<GateResult> {
  const ms = durationMs(duration);
  if (ms === undefined)
    return failed('BadInput', `${JSON.stringify(duration)} is no time such as \`90\`, \`5m\` or \`1h30m\`.`);
  const id = idOf(at.key);
  const deadline = at.deadlines.get(id) ?? Date.now() + ms;
  at.deadlines.set(id, deadline);
  const left = deadline - Date.now();
  const found = left > 0 ? await work(left) : undefined;
  if (!found && at.draining() && Date.now() < deadline) return 'paused';
  at.deadlines.delete(id);
  return found ?? expired?.(durationText(ms)) ?? { ok: true, outputs: {} };
}

const idOf = (key: StepKey): string => `${key.step}/${key.item}/${key.try}`;

function signal(at: GateSetting, name: string): Promise<GateResult> {
  const arrived = (): boolean => (at.signals.get(name)?.length ?? 0) > 0;
  return waitUntil(
    at,
    at.settings['expires'] ?? DEFAULT_WAIT,
    async (ms) => {
      await at.tell(`Waits for the signal ${name}.`);
      await condition(() => arrived() || at.draining(), ms);
      const payload = at.signals.get(name)?.shift();
      return payload && { ok: true, outputs: { payload } };
    },
    (text) => failed('Expired', `The signal ${name} did not arrive within ${text}.`, true),
  );
}

function approve(at: GateSetting): Promise<GateResult> {
  const fields = fieldsOf(at.settings['inputs']);
  const message = typeof at.settings['message'] === 'string' ? at.settings['message'] : 'Shall it go on?';
  return waitUntil(
    at,
    at.settings['expires'] ?? DEFAULT_WAIT,
    async (ms) => {
      const stage = at.key.item < 0 ? at.key.step : `${at.key.step}[${at.key.item}]`;
      // It waits before anybody is told, so that an answer never comes too early.
      const [decided] = await Promise.all([decision(at, stage, ms, fields), at.tell(`Waits for a person: ${message}`)]);
      if (!decided) return undefined;
      if (!decided.approve)
        return failed('Rejected', `${decided.by} said no${decided.reason ? `: ${decided.reason}` : '.'}`, true);
      const answers = checkAnswers(fields, decided.inputs);
      const inputs = 'values' in answers ? answers.values : {};
      return { ok: true, outputs: { approved: true, by: decided.by, comment: decided.reason, inputs } };
    },
    (text) => failed('Expired', `Nobody decided within ${text}.`, true),
  );
}

/** Null when nobody has decided in time, or when the workflow wants to continue as new. */
async function decision(at: GateSetting, stage: string, ms: number, fields: Fields): Promise<Decided | null> {
  const outside = CancellationScope.current();
  const waiting = new CancellationScope();
  const ended = { now: false };
  void condition(() => at.draining() || ended.now).then(
    () => {
      if (!ended.now) waiting.cancel();
    },
    () => {
      // Cancelled with the execution; `wait` is told so itself.
    },
  );
  try {
    return await waiting.run(() => at.approvals.wait(stage, ms, (given) => complaint(fields, given)));
  } catch (error) {
    if (isCancellation(error) && !outside.consideredCancelled) return null;
    throw error;
  } finally {
    ended.now = true;
  }
}

function complaint(fields: Fields, given: Decided): string | null {
  if (!given.approve) return null;
  const checked = checkAnswers(fields, given.inputs);
  return 'mistakes' in checked ? checked.mistakes.map(({ message }) => message).join(' ') : null;
}

/** The declaration was checked before the definition was stored. */
function fieldsOf(given: unknown): Fields {
  if (!isObject(given)) return {};
  const fields: Record<string, Field> = {};
  for (const [name, field] of Object.entries(given)) {
    if (!isObject(field)) continue;
    const type = FIELD_TYPES.find((each) => each === field['type']);
    const values = field['values'] ?? field['options'] ?? field['enum'];
    fields[name] = {
      type: type ?? 'any',
      ...(field['required'] === true ? { required: true } : {}),
      ...(field['default'] === undefined ? {} : { default: field['default'] }),
      ...(Array.isArray(values) ? { values } : {}),
      ...(typeof field['min'] === 'number' ? { min: field['min'] } : {}),
      ...(typeof field['max'] === 'number' ? { max: field['max'] } : {}),
    };
  }
  return fields;
}

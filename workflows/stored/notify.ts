/** Telling people: what a step asks for, and what is said when everything failed. */
import type { StepResult } from '../../domain/definitions/execution.js';
import { isObject, type JsonObject } from '../../domain/definitions/json.js';
import { NOTICE_KINDS, type Notice, type NoticeKind } from '../../domain/notice.js';
import { announce } from '../announce.js';
import type { Call } from './calls.js';
import { resultOfError } from './failures.js';

export async function notify({ input, key, settings, definition }: Call): Promise<StepResult> {
  const kind = NOTICE_KINDS.find((each) => each === settings['template']) ?? 'test_completion';
  const id = [input.execution, key.attempt, key.step, key.item].join('/');
  const text =
    typeof settings['message'] === 'string'
      ? settings['message']
      : `Step ${key.step} of ${definition.name} has been reached.`;
  const severity = settings['severity'];
  await announce({
    ...noticeOf(
      input,
      id,
      kind,
      typeof settings['title'] === 'string' ? settings['title'] : titleOf(kind, definition.name),
      text,
    ),
    severity: severity === 'warning' || severity === 'critical' ? severity : 'info',
    data: dataOf({
      workflow: definition.name,
      environment: input.params.environment,
      ...(isObject(settings['data']) ? settings['data'] : {}),
    }),
    ...listOf('channels', settings['channels']),
    ...listOf('to', settings['to']),
  });
  return { ok: true, outputs: { key: id } };
}

type Told = Pick<Call['input'], 'execution' | 'project'>;

export function noticeOf(input: Told, key: string, kind: NoticeKind, title: string, text: string): Notice {
  return {
    key,
    kind,
    severity: 'warning',
    project: input.project,
    title: title.slice(0, 200),
    text,
    group: input.execution,
    links: [{ label: 'execution', url: `/api/executions/${input.execution}` }],
    data: {},
  };
}

/** What is said when everything failed; that it could not be said is an answer too. */
export async function notifyFailure(
  input: Told,
  wanted: { readonly channels?: readonly string[] | undefined; readonly template: string },
  about: { readonly workflow: string; readonly sentence: string; readonly attempts: number },
): Promise<StepResult> {
  const kind = NOTICE_KINDS.find((each) => each === wanted.template) ?? 'workflow_failed';
  try {
    await announce({
      ...noticeOf(input, `${input.execution}/failure`, kind, titleOf(kind, about.workflow), about.sentence),
      severity: 'critical',
      data: dataOf({ workflow: about.workflow, attempts: about.attempts }),
      ...(wanted.channels ? { channels: wanted.channels } : {}),
    });
    return { ok: true, outputs: {} };
  } catch (error) {
    return resultOfError(error);
  }
}

const titleOf = (kind: NoticeKind, workflow: string): string => `${workflow}: ${kind.replaceAll('_', ' ')}`;

function dataOf(values: JsonObject): Record<string, string | number> {
  const out: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(values))
    out[name] = typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);
  return out;
}

const listOf = (name: 'channels' | 'to', value: unknown): { channels?: string[]; to?: string[] } =>
  Array.isArray(value) && value.length > 0 ? { [name]: value.map(String) } : {};

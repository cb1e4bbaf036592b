/** A definition as a document again: what `baton workflow export` prints. Reading it gives the same normal form. */
import type { Definition, RetrySpec, StepCall, StepSpec } from './definition.schema.js';
import { durationText } from './duration.js';
import type { JsonObject } from './json.js';

export function documentOf(definition: Definition): JsonObject {
  const { kind, name, description, version, environment, source, params, roles, steps, onFailure } = definition;
  const sequence = steps.every((step, index) =>
    index === 0
      ? step.dependsOn.length === 0
      : step.dependsOn.length === 1 && step.dependsOn[0] === steps[index - 1]!.name,
  );
  return clean({
    [kind === 'template' ? 'template' : 'name']: name,
    description,
    version,
    environment,
    source,
    params: Object.keys(params).length === 0 ? undefined : params,
    roles:
      Object.keys(roles).length === 0
        ? undefined
        : Object.fromEntries(
            Object.entries(roles).map(([key, role]) => [
              key,
              { file: role.file, task_queue: role.taskQueue, actions: role.actions },
            ]),
          ),
    steps: steps.map((step) => stepOf(step, sequence)),
    on_failure: onFailure && {
      retry: onFailure.retry && retryOf(onFailure.retry),
      notify: onFailure.notify,
      compensate: onFailure.compensate,
    },
    concurrent: definition.concurrent,
    timeout: definition.timeoutMs === undefined ? undefined : durationText(definition.timeoutMs),
    outputs: definition.outputs,
  });
}

function stepOf(step: StepSpec, sequence: boolean): object {
  const { forEach } = step;
  return {
    name: step.name,
    ...callOf(step),
    description: step.description,
    depends_on: sequence ? undefined : step.dependsOn,
    when: step.when,
    run: step.run,
    for_each: forEach && { in: forEach.items, as: forEach.as, parallel: forEach.parallel, max: forEach.max },
    retry: step.retry && retryOf(step.retry),
    timeout: step.timeoutMs === undefined ? undefined : durationText(step.timeoutMs),
    on_failure: step.onFailure,
    compensate: step.compensate && callOf(step.compensate),
  };
}

const callOf = (call: StepCall): object => ({
  role: call.role,
  action: call.action,
  with: Object.keys(call.with).length === 0 ? undefined : call.with,
});

const retryOf = (retry: RetrySpec): object => ({
  max_attempts: retry.attempts,
  delay: durationText(retry.delayMs),
  backoff: retry.backoff,
  max_delay: retry.maxDelayMs === undefined ? undefined : durationText(retry.maxDelayMs),
});

/** Without what is undefined, at any depth. */
const clean = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

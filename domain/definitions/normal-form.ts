/** A document becomes a definition in its normal form; every mistake is told, none hides another. */
import type { Definition, FieldSpec, RetrySpec, StepCall, StepSpec } from './definition.schema.js';
import { FieldSpec as FieldSchema, MAX_ITEMS, MAX_STEPS } from './definition.schema.js';
import { FailureDocument, RetryDocument, RoleDocument, StepDocument, WorkflowDocument } from './document.schema.js';
import { durationMs } from './duration.js';
import { FIELD_TYPES, misfit } from './field.js';
import { part } from './issues.js';
import { isObject, type Json, kindOf } from './json.js';
import type { Complain, Path } from './mistake.js';
import { CALL, RETRY, ROLE, spelled, STEP, TOP } from './spellings.js';

/** A definition that may lack what could not be read; `steps` holds those that could, each with its path. */
export interface Draft {
  readonly definition: Definition;
  readonly stepPaths: readonly Path[];
  /** Path of a setting of a step, as its author spelled it. */
  readonly where: (step: number, path: Path) => Path;
}

/** `uses` says both. */
const CALLED = new Set(['role', 'action']);

const keysOf = (schema: { readonly shape: object }): string[] => Object.keys(schema.shape);

/** Undefined when the document is no object at all. */
export function normalForm(document: unknown, complain: Complain): Draft | undefined {
  if (!isObject(document)) {
    complain([], `A definition is an object with \`name\` and \`steps\`; this is ${kindOf(document)}.`);
    return undefined;
  }
  const top = spelled(document, TOP, [], complain);
  const { steps, on_failure, roles, params, ...rest } = top.value as Record<string, unknown>;
  const shape = { value: rest, where: top.where };
  const plain = part(WorkflowDocument, shape, complain, { known: keysOf(WorkflowDocument), spellings: TOP }) ?? {};
  if (plain.name === undefined && plain.template === undefined && !('name' in rest) && !('template' in rest))
    complain([], 'A definition needs a `name`.');
  if (plain.name !== undefined && plain.template !== undefined)
    complain(top.where(['template']), '`name` and `template` exclude each other: a template has no name of its own.');
  const read = readSteps(steps, top.where, complain);
  return {
    definition: {
      kind: plain.template === undefined ? 'workflow' : 'template',
      name: plain.name ?? plain.template ?? 'unnamed',
      ...(plain.description === undefined ? {} : { description: plain.description }),
      ...(plain.version === undefined ? {} : { version: String(plain.version) }),
      ...(plain.environment === undefined ? {} : { environment: plain.environment }),
      ...(plain.source === undefined ? {} : { source: plain.source }),
      params: readFields(params, top.where(['params']), complain, true),
      roles: readRoles(roles, top.where(['roles']), complain),
      steps: read.steps,
      ...failure(on_failure, top.where(['on_failure']), complain),
      ...(plain.concurrent === false ? { concurrent: false } : {}),
      ...(plain.timeout === undefined ? {} : { timeoutMs: durationMs(plain.timeout)! }),
      ...(plain.outputs === undefined ? {} : { outputs: plain.outputs }),
    },
    stepPaths: read.paths,
    where: (step, path) => read.where[step]?.(path) ?? [],
  };
}

function readSteps(steps: unknown, where: (path: Path) => Path, complain: Complain) {
  const read: { steps: StepSpec[]; paths: Path[]; where: ((path: Path) => Path)[] } = {
    steps: [],
    paths: [],
    where: [],
  };
  if (steps === undefined || steps === null) return read;
  const path = where(['steps']);
  if (!Array.isArray(steps)) {
    complain(path, `\`steps\` must be a list of steps, is ${kindOf(steps)}.`);
    return read;
  }
  if (steps.length > MAX_STEPS) {
    complain(
      path,
      `There are ${steps.length} steps; a definition has at most ${MAX_STEPS}. Use \`for_each\`, or run another workflow with \`workflow.run\`.`,
    );
    return read;
  }
  const declared = steps.some(
    (step) => isObject(step) && ['depends_on', 'dependsOn', 'needs'].some((key) => key in step),
  );
  for (const [index, given] of steps.entries()) {
    const found = spelled(given, STEP, [...path, index], complain);
    const step = readStep(found, complain);
    if (!step) continue;
    const before = read.steps.at(-1)?.name;
    // The document's own order is the order, unless some step says otherwise.
    const dependsOn = declared || before === undefined ? step.dependsOn : [before];
    read.steps.push({ ...step, dependsOn });
    read.paths.push([...path, index]);
    const short = isObject(found.value) && 'uses' in found.value;
    read.where.push((inner) => found.where(short && CALLED.has(String(inner[0])) ? ['uses'] : inner));
  }
  return read;
}

function readStep(given: ReturnType<typeof spelled>, complain: Complain): StepSpec | undefined {
  const raw = given.value;
  if (!isObject(raw)) {
    complain(given.where([]), `A step is an object with \`name\`, \`role\` and \`action\`; this is ${kindOf(raw)}.`);
    return undefined;
  }
  const { compensate, retry, ...rest } = raw as Record<string, unknown>;
  const step = part(StepDocument, { value: rest, where: given.where }, complain, {
    known: keysOf(StepDocument),
    spellings: STEP,
  });
  const undo = compensate === undefined ? undefined : readUndo(compensate, given.where(['compensate']), complain);
  const again = readRetry(retry, given.where(['retry']), complain);
  if (!step) return undefined;
  const call = readCall(step, given.where, complain);
  if (!call) return undefined;
  const dependsOn = step.depends_on === undefined ? [] : [step.depends_on].flat();
  return {
    name: step.name,
    ...call,
    dependsOn: [...new Set(dependsOn)],
    ...(step.description === undefined ? {} : { description: step.description }),
    ...(step.when === undefined ? {} : { when: String(step.when) }),
    ...(step.run === undefined || step.run === 'success' ? {} : { run: step.run }),
    ...(step.for_each === undefined ? {} : { forEach: forEachOf(step.for_each) }),
    ...(again === undefined ? {} : { retry: again }),
    ...(step.timeout === undefined ? {} : { timeoutMs: Math.max(100, durationMs(step.timeout)!) }),
    ...(step.on_failure === undefined || step.on_failure === 'stop' ? {} : { onFailure: step.on_failure }),
    ...(undo === undefined ? {} : { compensate: undo }),
  };
}

function readUndo(given: unknown, path: Path, complain: Complain): StepCall | undefined {
  const found = spelled(given, CALL, path, complain);
  const schema = StepDocument.shape.compensate.unwrap();
  const call = part(schema, found, complain, { known: keysOf(schema), spellings: CALL });
  return call && readCall(call, found.where, complain);
}

type Called = Pick<StepDocument, 'uses' | 'role' | 'action' | 'with'>;

function readCall(step: Called, where: (path: Path) => Path, complain: Complain): StepCall | undefined {
  const settings = step.with ?? {};
  if (step.uses !== undefined) {
    if (step.role !== undefined || step.action !== undefined) {
      complain(where(['uses']), '`uses` says role and action already: leave out `role` and `action`.');
      return undefined;
    }
    const dot = step.uses.indexOf('.');
    return { role: step.uses.slice(0, dot), action: step.uses.slice(dot + 1), with: settings };
  }
  if (step.role === undefined)
    complain(where([]), 'The step says no role: write `role: test_runner`, or `uses: test_runner.run_tests`.');
  if (step.action === undefined)
    complain(where([]), 'The step says no action: write `action: run_tests`, or `uses: test_runner.run_tests`.');
  if (step.role === undefined || step.action === undefined) return undefined;
  return { role: step.role, action: step.action, with: settings };
}

function forEachOf(given: NonNullable<StepDocument['for_each']>): NonNullable<StepSpec['forEach']> {
  const long = typeof given === 'string' || Array.isArray(given) ? { in: given } : given;
  return { items: long.in, as: long.as ?? 'item', parallel: long.parallel ?? 1, max: long.max ?? MAX_ITEMS };
}

function readRetry(given: unknown, path: Path, complain: Complain): RetrySpec | undefined {
  if (given === undefined) return undefined;
  const found = spelled(given, RETRY, path, complain);
  const retry = part(RetryDocument, found, complain, {
    known: ['max_attempts', 'delay', 'backoff', 'max_delay'],
    spellings: RETRY,
  });
  if (retry === undefined) return undefined;
  if (typeof retry === 'number') return { attempts: retry, delayMs: 1_000 };
  return {
    attempts: retry.max_attempts,
    delayMs: durationMs(retry.delay ?? 1)!,
    ...(retry.backoff === undefined ? {} : { backoff: retry.backoff }),
    ...(retry.max_delay === undefined ? {} : { maxDelayMs: durationMs(retry.max_delay)! }),
  };
}

function failure(given: unknown, path: Path, complain: Complain): Pick<Definition, 'onFailure'> {
  if (given === undefined) return {};
  const { retry, ...rest } = isObject(given) ? (given as Record<string, unknown>) : { retry: undefined };
  const found = { value: isObject(given) ? rest : given, where: (inner: Path) => [...path, ...inner] };
  const read = part(FailureDocument, found, complain, { known: keysOf(FailureDocument) });
  const again = readRetry(retry, [...path, 'retry'], complain);
  if (!read) return {};
  return {
    onFailure: {
      ...(again === undefined ? {} : { retry: again }),
      ...(read.notify === undefined
        ? {}
        : { notify: { ...read.notify, template: read.notify.template ?? 'workflow_failed' } }),
      ...(read.compensate === true ? { compensate: true } : {}),
    },
  };
}

function readRoles(given: unknown, path: Path, complain: Complain): Definition['roles'] {
  if (given === undefined) return {};
  if (!isObject(given)) {
    complain(path, `\`roles\` must be an object with one entry for each role, is ${kindOf(given)}.`);
    return {};
  }
  const roles: Definition['roles'] = {};
  for (const [name, value] of Object.entries(given)) {
    const found = spelled(value, ROLE, [...path, name], complain);
    const role = part(RoleDocument, found, complain, { known: keysOf(RoleDocument), spellings: ROLE });
    if (!role) continue;
    if ((role.file === undefined) === (role.task_queue === undefined))
      complain(
        found.where([]),
        `The role \`${name}\` needs either \`file\` (a program of the project) or \`task_queue\` (a worker of your own).`,
      );
    roles[name] = {
      ...(role.file === undefined ? {} : { file: role.file }),
      ...(role.task_queue === undefined ? {} : { taskQueue: role.task_queue }),
      ...(role.actions === undefined ? {} : { actions: role.actions }),
    };
  }
  return roles;
}

const PARAM = /^[A-Za-z]\w{0,63}$/;

/** `{ type, required, default }` each; `plainAllowed`: any other value is the default of a parameter of its type. */
export function readFields(
  given: unknown,
  path: Path,
  complain: Complain,
  plainAllowed: boolean,
): Record<string, FieldSpec> {
  if (given === undefined) return {};
  if (!isObject(given)) {
    complain(path, `This must be an object with one entry for each parameter, is ${kindOf(given)}.`);
    return {};
  }
  const fields: Record<string, FieldSpec> = {};
  for (const [name, value] of Object.entries(given)) {
    const at = [...path, name];
    if (!PARAM.test(name)) {
      complain(at, `\`${name}\` is no name of a parameter: a letter, then letters, digits and _ only.`);
      continue;
    }
    if (!isObject(value) || !('type' in value)) {
      if (plainAllowed && value !== null) fields[name] = { type: typeOf(value), default: value };
      else complain(at, `\`${name}\` needs a \`type\`: one of ${FIELD_TYPES.map((each) => `\`${each}\``).join(', ')}.`);
      continue;
    }
    const found = spelled(value, { options: 'values', enum: 'values' }, at, complain);
    const field = part(FieldSchema, found, complain, { known: keysOf(FieldSchema) });
    if (!field) continue;
    const wrong = field.default === undefined ? undefined : misfit(field, field.default);
    if (wrong) complain(found.where(['default']), `The default of \`${name}\` ${wrong}.`);
    else fields[name] = field;
  }
  return fields;
}

function typeOf(value: Json): FieldSpec['type'] {
  if (Array.isArray(value)) return 'array';
  if (isObject(value)) return 'object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'boolean' ? 'boolean' : 'string';
}

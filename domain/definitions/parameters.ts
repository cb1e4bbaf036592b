/** What an execution is given, against what its definition declares. */
import type { Definition, StepSpec } from './definition.schema.js';
import { actionOf } from './actions.js';
import { type Fields, misfit } from './field.js';
import { isObject, type Json, type JsonObject } from './json.js';
import { suggestion } from './mistake.js';

/** Largest set of parameters, as JSON. */
export const MAX_PARAMETERS_BYTES = 16 * 1024;
export const DEFAULT_ENVIRONMENT = 'development';

const ENVIRONMENTS: Readonly<Record<string, string>> = {
  dev: 'development',
  test: 'testing',
  prod: 'production',
  stage: 'staging',
};

export interface Given {
  readonly params: JsonObject;
  /** From a flag before any command; a parameter goes before it. */
  readonly environment?: string | undefined;
}

export interface Resolved {
  readonly params: JsonObject;
  readonly environment: string;
  /** Settings of single steps that a parameter replaces, because the definition declares none of this name. */
  readonly overrides: JsonObject;
}

export interface ParameterMistake {
  /** Name of the parameter. */
  readonly path: string;
  readonly message: string;
}

/** Parameter, then flag, then definition, then `development`. Everything that is wrong, or what the execution gets. */
export function resolveParameters(
  definition: Definition,
  given: Given,
): Resolved | { readonly mistakes: ParameterMistake[] } {
  const mistakes: ParameterMistake[] = [];
  if (JSON.stringify(given.params).length > MAX_PARAMETERS_BYTES)
    return {
      mistakes: [
        {
          path: '',
          message: `The parameters are larger than ${MAX_PARAMETERS_BYTES / 1024} KiB: hand large things over as a file or an artifact.`,
        },
      ],
    };
  const params: Record<string, Json> = {};
  const overrides: Record<string, Json> = {};
  for (const [name, field] of Object.entries(definition.params)) {
    const value = Object.hasOwn(given.params, name) ? given.params[name]! : field.default;
    if (value === undefined || value === null) {
      if (field.required) mistakes.push({ path: name, message: `The parameter \`${name}\` is missing.` });
      else params[name] = null;
      continue;
    }
    const wrong = misfit(field, value);
    if (wrong) mistakes.push({ path: name, message: `The parameter \`${name}\` ${wrong}.` });
    else params[name] = value;
  }
  for (const [name, value] of Object.entries(given.params)) {
    if (Object.hasOwn(definition.params, name)) continue;
    if (name !== 'environment' && !definition.steps.some((step) => acceptsInput(definition, step, name))) {
      const known = [...Object.keys(definition.params), 'environment'];
      mistakes.push({
        path: name,
        message: `The workflow \`${definition.name}\` has no parameter \`${name}\`.${suggestion(name, known)}`,
      });
    } else overrides[name] = value;
  }
  const asked = given.params['environment'] ?? given.environment ?? params['environment'] ?? definition.environment;
  if (asked !== undefined && asked !== null && (typeof asked !== 'string' || !/^[A-Za-z][\w.-]{0,63}$/.test(asked)))
    mistakes.push({ path: 'environment', message: 'The environment must be one word of letters, digits, _ . -' });
  if (mistakes.length > 0) return { mistakes };
  const environment = canonicalEnvironment(typeof asked === 'string' ? asked : DEFAULT_ENVIRONMENT);
  // Only who asked for this execution overrides what the document says of single steps.
  if (given.params['environment'] !== undefined || given.environment !== undefined)
    overrides['environment'] = environment;
  return { params: { ...params, environment }, environment, overrides };
}

export const canonicalEnvironment = (name: string): string => {
  const lower = name.toLowerCase();
  return Object.hasOwn(ENVIRONMENTS, lower) ? ENVIRONMENTS[lower]! : name;
};

function acceptsInput(definition: Definition, step: StepSpec, name: string): boolean {
  if (Object.hasOwn(step.with, name)) return true;
  const action = actionOf(definition, step);
  return action !== undefined && Object.hasOwn(action.inputs, name) && step.role === 'test_runner';
}

/** Inputs of a step as this execution has them: a parameter that overrides goes into every step that takes it. */
export function overridden(definition: Definition, step: StepSpec, overrides: JsonObject): JsonObject {
  const taken = Object.entries(overrides).filter(([name]) => acceptsInput(definition, step, name));
  return taken.length === 0 ? step.with : { ...step.with, ...Object.fromEntries(taken) };
}

/** Answers of a person, or a payload, against a declaration. */
export function checkAnswers(
  fields: Fields,
  given: unknown,
): { readonly values: JsonObject } | { readonly mistakes: ParameterMistake[] } {
  const answers = isObject(given) ? given : {};
  const mistakes: ParameterMistake[] = [];
  const values: Record<string, Json> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(answers, name) ? answers[name]! : field.default;
    if (value === undefined || value === null) {
      if (field.required) mistakes.push({ path: name, message: `\`${name}\` is missing.` });
      continue;
    }
    const wrong = misfit(field, value);
    if (wrong) mistakes.push({ path: name, message: `\`${name}\` ${wrong}.` });
    else values[name] = value;
  }
  for (const name of Object.keys(answers))
    if (!Object.hasOwn(fields, name))
      mistakes.push({
        path: name,
        message: `Nothing called \`${name}\` is asked for.${suggestion(name, Object.keys(fields))}`,
      });
  return mistakes.length > 0 ? { mistakes } : { values };
}

/** A definition from a template: its parameters keep their types, and the given values become their defaults. */
export function instantiate(
  template: Definition,
  name: string,
  given: JsonObject,
): { readonly definition: Definition } | { readonly mistakes: ParameterMistake[] } {
  const checked = checkAnswers(template.params, given);
  if ('mistakes' in checked) return checked;
  const params = Object.fromEntries(
    Object.entries(template.params).map(([key, field]) => {
      const { required, ...rest } = field;
      const value = checked.values[key];
      return [key, value === undefined ? { ...rest, ...(required ? { required } : {}) } : { ...rest, default: value }];
    }),
  );
  return { definition: { ...template, kind: 'workflow', name, params } };
}

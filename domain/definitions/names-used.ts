/** What an expression may name: parameters, steps that have ended before, the item of a for-each, facts of the execution. */
import type { Definition, StepSpec } from './definition.schema.js';
import { actionOf } from './actions.js';
import type { Checker, Reference, Shape } from './expressions.js';
import { checker, isReserved } from './expressions.js';
import { celType, type Fields } from './field.js';
import { ancestors } from './graph.js';
import { suggestion } from './mistake.js';

/** Facts of an execution that every expression may use. */
export const RUN_FIELDS = ['id', 'attempt', 'workflow', 'date', 'project'] as const;
const STEP_FIELDS = ['outputs', 'status', 'error'] as const;
/** Outputs of a step with `for_each`. */
export const EACH_OUTPUTS: Fields = {
  count: { type: 'integer' },
  succeeded: { type: 'integer' },
  failed: { type: 'integer' },
  results: { type: 'array', description: 'Outputs of every item, in their order; null where one failed.' },
};

export interface Scope {
  readonly definition: Definition;
  readonly steps: ReadonlyMap<string, StepSpec>;
  /** Undefined for what belongs to no step, such as `outputs`: it may name every step. */
  readonly step: StepSpec | undefined;
  /** A step that undoes another also sees that one's outputs. */
  readonly undoing?: boolean;
}

/** What is wrong with a reference, as the end of a sentence that begins with the expression; undefined when nothing is. */
export function badReference({ names }: Reference, scope: Scope): string | undefined {
  const [root, first, second, third] = names;
  const { definition, step } = scope;
  switch (root) {
    case 'params':
    case 'parameters':
      if (first === undefined || Object.hasOwn(definition.params, first) || first === 'environment') return undefined;
      return `names the parameter \`${first}\`, which is not declared.${suggestion(first, Object.keys(definition.params))}`;
    case 'environment':
      return undefined;
    case 'run':
      if (first === undefined || RUN_FIELDS.some((field) => field === first)) return undefined;
      return `names \`run.${first}\`, which there is not.${suggestion(first, RUN_FIELDS)}`;
    case 'steps':
      return first === undefined ? undefined : badStep(first, second, third, scope);
    case 'index':
      return step?.forEach ? undefined : 'names `index`, which only a step with `for_each` has';
    default:
      if (step?.forEach && root === step.forEach.as) return undefined;
      if (Object.hasOwn(definition.params, root!) && !isReserved(root!)) return undefined;
      return unknownRoot(root!, scope);
  }
}

function unknownRoot(root: string, { definition, step, steps }: Scope): string {
  if (steps.has(root)) return `names \`${root}\`, which is a step: write \`steps.${root}.outputs\`.`;
  if (root === 'item') return 'names `item`, which only a step with `for_each` has.';
  const item = step?.forEach ? [step.forEach.as, 'index'] : [];
  const known = ['params', 'steps', 'environment', 'run', ...item, ...Object.keys(definition.params)];
  return `names \`${root}\`, which there is not.${suggestion(root, known)}`;
}

function badStep(
  name: string,
  field: string | undefined,
  output: string | undefined,
  scope: Scope,
): string | undefined {
  const { definition, steps, step } = scope;
  const found = steps.get(name);
  if (!found) return `names the step \`${name}\`, which there is not.${suggestion(name, [...steps.keys()])}`;
  const own = step?.name === name;
  if (own && !scope.undoing) return `names its own step \`${name}\`, which has no outputs before it has run.`;
  if (step && !own && !ancestors(steps, step.name).has(name))
    return `names the step \`${name}\`, but \`${step.name}\` does not wait for it: add it to \`depends_on\`.`;
  if (field === undefined) return undefined;
  if (!STEP_FIELDS.some((each) => each === field))
    return `names \`steps.${name}.${field}\`, which there is not: write \`steps.${name}.outputs.${field}\`.`;
  if (field !== 'outputs' || output === undefined) return undefined;
  const outputs = outputsOf(definition, found);
  if (!outputs || Object.hasOwn(outputs, output)) return undefined;
  return `names the output \`${output}\` of \`${name}\`, which \`${found.role}.${found.action}\` does not have.${suggestion(output, Object.keys(outputs))}`;
}

/** Undefined: nobody knows, as with an action of somebody's own that declares nothing. */
export function outputsOf(definition: Pick<Definition, 'roles'>, step: StepSpec): Fields | undefined {
  if (step.forEach) return EACH_OUTPUTS;
  const action = actionOf(definition, step);
  if (!action || (action.open && Object.keys(action.outputs).length === 0)) return undefined;
  return action.outputs;
}

/** Checks the types of expressions of one definition. `mentioned`: steps that some expression names. */
export function typesOf(definition: Definition, mentioned: ReadonlySet<string>): Checker {
  const byName = new Map(definition.steps.map((step) => [step.name, step]));
  const steps: Record<string, Shape> = {};
  for (const name of mentioned) {
    const step = byName.get(name);
    const outputs = step && outputsOf(definition, step);
    if (step)
      steps[name] = {
        status: 'string',
        error: 'string',
        outputs: outputs && Object.keys(outputs).length > 0 ? shapeOf(outputs) : 'dyn',
      };
  }
  const params: Record<string, string> = { environment: 'string' };
  for (const [name, field] of Object.entries(definition.params))
    params[name] = field.required || field.default !== undefined ? celType(field.type) : 'dyn';
  const items = Object.fromEntries(
    definition.steps.flatMap((step) => (step.forEach ? [[step.forEach.as, 'dyn']] : [])),
  );
  return checker({
    ...Object.fromEntries(
      Object.entries({ ...params, ...items }).filter(([name]) => !OWN.has(name) && !isReserved(name)),
    ),
    params,
    parameters: params,
    steps: Object.keys(steps).length > 0 ? steps : 'dyn',
    environment: 'string',
    index: 'int',
    run: { id: 'string', attempt: 'int', workflow: 'string', date: 'string', project: 'string' },
  });
}

const OWN = new Set(['params', 'parameters', 'steps', 'environment', 'index', 'run']);

const shapeOf = (fields: Fields): Shape =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, celType(field.type)]));

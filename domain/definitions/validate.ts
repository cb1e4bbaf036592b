/** Everything that can be known to be wrong before a definition is run. All of it is told, not the first mistake only. */
import type { Definition, StepSpec } from './definition.schema.js';
import { findAction } from './actions.js';
import { checkCall, checkCondition, checkForEach } from './check-step.js';
import { BadExpression } from './expressions.js';
import { cycleIn } from './graph.js';
import type { Complain, Mistake, Path } from './mistake.js';
import { suggestion } from './mistake.js';
import { type Scope, typesOf } from './names-used.js';
import { normalForm, type Draft } from './normal-form.js';
import { readSteps } from './read-steps.js';
import { ROLES } from './roles.js';
import { checkAnywhere } from './anywhere.js';

export interface Validated {
  /** Undefined when there is a mistake. */
  readonly definition: Definition | undefined;
  readonly mistakes: readonly Mistake[];
}

/** `drafts`: a definition without steps may be stored, though not run. */
export function validate(document: unknown, options: { readonly drafts?: boolean } = {}): Validated {
  const mistakes: Mistake[] = [];
  const complain: Complain = (path, message, offset) =>
    void mistakes.push({ path, message, ...(offset === undefined ? {} : { offset }) });
  const draft = normalForm(document, complain);
  if (!draft) return { definition: undefined, mistakes };
  checkAnywhere(document as object, complain);
  if (draft.definition.steps.length === 0 && !options.drafts && mistakes.length === 0)
    complain([], 'There are no steps: a definition needs at least one before it can run.');
  checkMeaning(draft, complain);
  return { definition: mistakes.length === 0 ? draft.definition : undefined, mistakes };
}

function checkMeaning({ definition, stepPaths, where }: Draft, complain: Complain): void {
  for (const name of Object.keys(definition.roles))
    if (Object.hasOwn(ROLES, name))
      complain(['roles', name], `\`${name}\` is a role of Baton: give yours another name.`);
  const steps = new Map<string, StepSpec>();
  for (const [index, step] of definition.steps.entries()) {
    if (steps.has(step.name))
      complain(where(index, ['name']), `Two steps are called \`${step.name}\`: give one another name.`);
    else steps.set(step.name, step);
  }
  const sound = checkOrder(definition, where, complain);
  const types = typesOf(definition, mentionedSteps(definition));
  for (const [index, step] of definition.steps.entries()) {
    const at = (path: Path): Path => where(index, path);
    const role = step.role;
    const scope: Scope = { definition, steps, step };
    const action = findAction(definition, step, { role: at(['role']), action: at(['action']) }, complain);
    if (action)
      checkCall({
        call: step,
        action,
        scope,
        types,
        at: (path) => at(['with', ...path]),
        own: stepPaths[index]!,
        complain,
      });
    checkCondition(step, scope, types, at, complain);
    checkForEach(step, scope, types, at, complain);
    if (step.compensate) {
      const undo = step.compensate;
      const inside = (path: Path): Path => [...at(['compensate']), ...path];
      const undoing = findAction(definition, undo, { role: inside(['role']), action: inside(['action']) }, complain);
      if (undoing?.by === 'interpreter')
        complain(
          inside([]),
          `\`${undo.role}.${undo.action}\` cannot undo anything: use an action that does something outside.`,
        );
      else if (undoing)
        checkCall({
          call: undo,
          action: undoing,
          scope: { ...scope, undoing: true },
          types,
          at: (path) => inside(['with', ...path]),
          own: inside([]),
          complain,
        });
    } else if (step.onFailure === 'compensate' && ![...steps.values()].some((each) => each.compensate))
      complain(at(['on_failure']), 'Nothing can be undone: no step has `compensate`.');
    if (role === 'workflow' && step.with['name'] === definition.name)
      complain(at(['with', 'name']), `\`${definition.name}\` would run itself again and again.`);
  }
  if (sound) checkReach(definition, where, complain);
  checkTexts(definition, steps, types, complain);
}

/** Whether every dependency exists and nothing waits for itself. */
function checkOrder(definition: Definition, where: Draft['where'], complain: Complain): boolean {
  const names = definition.steps.map((step) => step.name);
  const known = new Set(names);
  let sound = known.size === names.length;
  for (const [index, step] of definition.steps.entries()) {
    for (const name of step.dependsOn) {
      if (known.has(name)) continue;
      sound = false;
      complain(
        where(index, ['depends_on']),
        `\`${step.name}\` depends on \`${name}\`, which there is not.${suggestion(name, names)}`,
      );
    }
  }
  const ring = sound ? cycleIn(definition.steps) : undefined;
  if (!ring) return sound;
  const at = definition.steps.findIndex((step) => step.name === ring[0]);
  const way = ring.length > 12 ? [...ring.slice(0, 6), '…', ...ring.slice(-5)] : ring;
  complain(
    where(at, ['depends_on']),
    `These steps wait for each other for ever: ${way.join(' → ')}. Take one of the dependencies out.`,
  );
  return false;
}

/** Steps that can never run, whatever happens. */
function checkReach(definition: Definition, where: Draft['where'], complain: Complain): void {
  for (const [index, step] of definition.steps.entries()) {
    if (step.run === 'failure' && step.dependsOn.length === 0)
      complain(where(index, ['run']), `\`${step.name}\` can never run: it waits for a failure and depends on no step.`);
    if (step.when !== undefined && /^\s*(\{\{|\$\{\{?)?\s*false\s*(\}\}?)?\s*$/.test(step.when))
      complain(where(index, ['when']), `\`${step.name}\` can never run: its condition is always false.`);
    if (step.forEach && Array.isArray(step.forEach.items) && step.forEach.items.length === 0)
      complain(where(index, ['for_each']), `\`${step.name}\` can never run: its list is empty.`);
  }
}

/** What can be read of it: mistakes in expressions are told where they stand. */
function mentionedSteps(definition: Definition): Set<string> {
  return new Set(
    definition.steps
      .flatMap((step) => [...mentionedBy({ ...definition, steps: [step], outputs: {} })])
      .concat(...mentionedBy({ ...definition, steps: [] })),
  );
}

function mentionedBy(part: Definition): Set<string> {
  try {
    return readSteps(part);
  } catch (error) {
    if (error instanceof BadExpression) return new Set();
    throw error;
  }
}

function checkTexts(
  definition: Definition,
  steps: Scope['steps'],
  types: ReturnType<typeof typesOf>,
  complain: Complain,
): void {
  if (definition.outputs === undefined) return;
  const action = { by: 'control', description: '', inputs: {}, outputs: {}, open: true, timeoutMs: 0 } as const;
  checkCall({
    call: { role: '', action: '', with: definition.outputs },
    action,
    scope: { definition, steps, step: undefined },
    types,
    at: (path) => ['outputs', ...path],
    own: ['outputs'],
    complain,
  });
}

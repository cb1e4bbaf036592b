/** One step: its inputs against what the action takes, and every expression in it. */
import type { StepCall, StepSpec } from './definition.schema.js';
import { durationMs } from './duration.js';
import { BadExpression, type Checker, type Expression } from './expressions.js';
import { type Field, misfit, takes, wordFor, wordForCel } from './field.js';
import { isObject, type Json } from './json.js';
import { type Complain, type Path, suggestion } from './mistake.js';
import { badReference, type Scope } from './names-used.js';
import { readFields } from './normal-form.js';
import type { Action } from './roles.js';
import { conditionOf, hasTemplate, parseTemplate, soleExpression, textsIn } from './templates.js';

export interface CallToCheck {
  readonly call: StepCall;
  readonly action: Action;
  readonly scope: Scope;
  readonly types: Checker;
  /** Path of an input in the document. */
  readonly at: (path: Path) => Path;
  /** Path of the step. */
  readonly own: Path;
  readonly complain: Complain;
}

/** Inputs that are conditions or times, whatever the role. */
const DURATIONS = new Set(['gate.approve.expires', 'gate.wait_for_signal.expires', 'gate.sleep.duration']);

export function checkCall({ call, action, scope, types, at, own, complain }: CallToCheck): void {
  const title = `${call.role}.${call.action}`;
  for (const [name, field] of Object.entries(action.inputs))
    if (field.required && !Object.hasOwn(call.with, name))
      complain(own, `\`${title}\` needs \`${name}\`: ${wordFor(field.type)}.`);
  for (const [name, value] of Object.entries(call.with)) {
    const field: Field | undefined = Object.hasOwn(action.inputs, name) ? action.inputs[name] : undefined;
    if (!field && !action.open) {
      complain(at([name]), `\`${title}\` has no input \`${name}\`.${suggestion(name, Object.keys(action.inputs))}`);
      continue;
    }
    if (title === 'gate.check' && name === 'condition' && typeof value === 'string') {
      expression(() => conditionOf(value), value, 'bool', { scope, types, path: at([name]), complain });
      continue;
    }
    checkValue(name, field ?? { type: 'any' }, value, { scope, types, path: at([name]), complain });
    if (
      DURATIONS.has(`${title}.${name}`) &&
      !(typeof value === 'string' && hasTemplate(value)) &&
      durationMs(value) === undefined
    )
      complain(
        at([name]),
        `\`${name}\` must be a time such as \`90\`, \`5m\` or \`1h30m\`, is ${JSON.stringify(value)}.`,
      );
  }
  if (title === 'gate.approve' && isObject(call.with['inputs']))
    readFields(call.with['inputs'], at(['inputs']), complain, false);
}

interface Place {
  readonly scope: Scope;
  readonly types: Checker;
  readonly path: Path;
  readonly complain: Complain;
}

function checkValue(name: string, field: Field, value: Json, place: Place): void {
  const { path, complain } = place;
  if (typeof value === 'string' && hasTemplate(value)) {
    const found = checkText(value, place);
    if (found && !takes(field, found))
      complain(
        path,
        `\`${name}\` must be ${wordFor(field.type)}; \`${value.trim().slice(0, 100)}\` gives ${wordForCel(found)}.`,
      );
    return;
  }
  const wrong = misfit(field, value);
  if (wrong) complain(path, `\`${name}\` ${wrong}.`);
  for (const [inner, text] of textsIn(value, []))
    if (inner.length > 0 && hasTemplate(text)) checkText(text, { ...place, path: [...path, ...inner] });
}

/** The type of CEL that a text gives when it is one expression, else `string`; undefined after a mistake. */
function checkText(text: string, place: Place): string | undefined {
  let type: string | undefined = 'string';
  try {
    const parts = parseTemplate(text);
    const sole = soleExpression(parts);
    for (const part of parts) {
      if (!part.expression) continue;
      const found = checkExpression(part.expression, text, part.offset, place);
      if (sole || found === undefined) type = found;
    }
  } catch (error) {
    if (!(error instanceof BadExpression)) throw error;
    place.complain(place.path, `The expression in ${quoted(text)} ${error.message}.`, error.offset);
    return undefined;
  }
  return type;
}

function checkExpression(
  found: Expression,
  text: string,
  offset: number,
  { scope, types, path, complain }: Place,
): string | undefined {
  const bad = found.references
    .map((each) => ({ each, why: badReference(each, scope) }))
    .filter(({ why }) => why !== undefined);
  for (const { each, why } of bad)
    complain(path, closed(`The expression in ${quoted(text)} ${why}`), offset + each.offset);
  if (bad.length > 0) return undefined;
  try {
    return types.typeOf(found.text);
  } catch (error) {
    if (!(error instanceof BadExpression)) throw error;
    complain(path, `The expression in ${quoted(text)} ${error.message}.`, offset + error.offset);
    return undefined;
  }
}

const closed = (sentence: string): string => (/[.?!]$/.test(sentence) ? sentence : `${sentence}.`);
const quoted = (text: string): string => `\`${text.length > 80 ? `${text.slice(0, 77)}...` : text}\``;

export function checkCondition(
  step: StepSpec,
  scope: Scope,
  types: Checker,
  at: (path: Path) => Path,
  complain: Complain,
): void {
  const { when } = step;
  if (when === undefined) return;
  expression(() => conditionOf(when), when, 'bool', { scope, types, path: at(['when']), complain });
}

export function checkForEach(
  step: StepSpec,
  scope: Scope,
  types: Checker,
  at: (path: Path) => Path,
  complain: Complain,
): void {
  if (!step.forEach) return;
  const { items, as, max } = step.forEach;
  const path = at(['for_each']);
  if (['steps', 'params', 'parameters', 'environment', 'run', 'index'].includes(as))
    complain(path, `\`as: ${as}\` hides something that expressions use: choose another name.`);
  // The list is made before there is an item.
  const outside: Scope = { ...scope, step: { ...step, forEach: undefined } };
  if (Array.isArray(items)) {
    if (items.length > max) complain(path, `The list has ${items.length} items; \`max\` allows ${max}.`);
    for (const [inner, text] of textsIn(items as Json, []))
      if (hasTemplate(text)) checkText(text, { scope: outside, types, path: [...path, ...inner], complain });
    return;
  }
  if (typeof items === 'string')
    expression(() => conditionOf(items), items, 'list', { scope: outside, types, path, complain });
}

function expression(parse: () => Expression, text: string, wanted: 'bool' | 'list', place: Place): void {
  let found: string | undefined;
  try {
    found = checkExpression(parse(), text, hasTemplate(text) ? text.indexOf('{') + 1 : 0, place);
  } catch (error) {
    if (!(error instanceof BadExpression)) throw error;
    place.complain(place.path, `The expression in ${quoted(text)} ${error.message}.`, error.offset);
    return;
  }
  const fits = found === undefined || found === 'dyn' || found.replace(/<.*$/, '') === wanted;
  if (!fits)
    place.complain(place.path, `${quoted(text)} must give ${wordForCel(wanted)}, gives ${wordForCel(found!)}.`);
}

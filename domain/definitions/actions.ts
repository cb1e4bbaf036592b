/** The action that a step calls: of a built-in role, or of one that the definition declares. */
import type { Definition, StepCall } from './definition.schema.js';
import type { Fields } from './field.js';
import { type Complain, type Path, suggestion } from './mistake.js';
import { type Action, builtInAction, customAction, ROLES } from './roles.js';

/** Undefined when there is none. */
export function actionOf(
  definition: Pick<Definition, 'roles'>,
  call: Pick<StepCall, 'role' | 'action'>,
): Action | undefined {
  if (Object.hasOwn(ROLES, call.role)) return builtInAction(call.role, call.action);
  const own = Object.hasOwn(definition.roles, call.role) ? definition.roles[call.role] : undefined;
  if (!own) return undefined;
  const by = own.file === undefined ? 'child' : 'runner';
  if (!own.actions) return customAction(undefined, undefined, by);
  if (!Object.hasOwn(own.actions, call.action)) return undefined;
  const declared = own.actions[call.action]!;
  return customAction(declared.inputs as Fields | undefined, declared.outputs as Fields | undefined, by);
}

/** The action, or a sentence about what there is in its place. */
export function findAction(
  definition: Pick<Definition, 'roles'>,
  call: StepCall,
  where: { readonly role: Path; readonly action: Path },
  complain: Complain,
): Action | undefined {
  const found = actionOf(definition, call);
  if (found) return found;
  const own = Object.hasOwn(definition.roles, call.role) ? definition.roles[call.role] : undefined;
  const actions = Object.hasOwn(ROLES, call.role)
    ? Object.keys(ROLES[call.role]!)
    : own && Object.keys(own.actions ?? {});
  if (actions)
    complain(
      where.action,
      `The role \`${call.role}\` has no action \`${call.action}\`.${suggestion(call.action, actions)}`,
    );
  else {
    const known = [...Object.keys(ROLES), ...Object.keys(definition.roles)];
    complain(
      where.role,
      `There is no role \`${call.role}\`.${suggestion(call.role, known)} A role of your own is declared under \`roles\`.`,
    );
  }
  return undefined;
}

/** Steps whose outputs some expression reads, or that can be undone: only these are kept at hand while it runs. */
import type { Definition } from './definition.schema.js';
import type { Json } from './json.js';
import { conditionOf, hasTemplate, parseTemplate, textsIn } from './templates.js';

export function readSteps(definition: Definition): Set<string> {
  const found = new Set<string>();
  const look = (text: string, bare: boolean): void => {
    if (!bare && !hasTemplate(text)) return;
    const parts = bare ? [{ expression: conditionOf(text) }] : parseTemplate(text);
    for (const { expression } of parts)
      for (const { names } of expression?.references ?? [])
        if (names[0] === 'steps' && names[1] !== undefined) found.add(names[1]);
  };
  for (const step of definition.steps) {
    const { condition, ...settings } = step.with;
    const check = step.role === 'gate' && step.action === 'check' && typeof condition === 'string';
    for (const [, text] of textsIn(check ? settings : step.with, [])) look(text, false);
    if (check) look(condition, true);
    if (step.when !== undefined) look(step.when, true);
    if (typeof step.forEach?.items === 'string') look(step.forEach.items, true);
    else for (const [, text] of textsIn((step.forEach?.items ?? []) as Json, [])) look(text, false);
    if (step.compensate) found.add(step.name);
    for (const [, text] of textsIn(step.compensate?.with ?? {}, [])) look(text, false);
  }
  for (const [, text] of textsIn(definition.outputs ?? {}, [])) look(text, false);
  return found;
}

/** The items of a for-each: a list of the document, what an expression gives, or a list that is too large to travel. */
import type { StepSpec } from '../../domain/definitions/definition.schema.js';
import { BadExpression } from '../../domain/definitions/expressions.js';
import { isObject, type Json } from '../../domain/definitions/json.js';
import { conditionOf, render } from '../../domain/definitions/templates.js';
import { rows } from '../proxies/stored.js';

export interface Items {
  readonly total: number;
  at(index: number): Promise<Json>;
}

/** Throws `BadExpression`. */
export async function itemsOf(
  forEach: NonNullable<StepSpec['forEach']>,
  variables: Readonly<Record<string, unknown>>,
  from: number,
): Promise<Items> {
  const list = Array.isArray(forEach.items)
    ? render(forEach.items as Json, variables)
    : conditionOf(forEach.items as string).evaluate(variables);
  if (Array.isArray(list)) return { total: list.length, at: async (index) => list[index] as Json };
  if (isObject(list) && typeof list['$artifact'] === 'string') return stored(list['$artifact'], from);
  throw new BadExpression('of `for_each` gives no list');
}

/** Read part by part, each once. */
async function stored(digest: string, from: number): Promise<Items> {
  let start = from;
  let part = await rows.itemsPart({ digest, from });
  let reading: Promise<void> | undefined;
  const { total } = part;
  return {
    total,
    async at(index) {
      while (index >= start + part.items.length) {
        reading ??= (async () => {
          const next = start + part.items.length;
          const read = await rows.itemsPart({ digest, from: next });
          [start, part] = [next, read];
        })().finally(() => {
          reading = undefined;
        });
        await reading;
      }
      return part.items[index - start] as Json;
    },
  };
}

/** Other spellings of the keys of a document, and how two of them at once are told. */
import { isObject } from './json.js';
import type { Complain, Path } from './mistake.js';

export type Spellings = Readonly<Record<string, string>>;

export const TOP: Spellings = {
  parameters: 'params',
  onFailure: 'on_failure',
  inputs: 'params',
  parallel: 'concurrent',
};
export const STEP: Spellings = {
  agent: 'role',
  config: 'with',
  parameters: 'with',
  params: 'with',
  dependsOn: 'depends_on',
  needs: 'depends_on',
  if: 'when',
  condition: 'when',
  forEach: 'for_each',
  foreach: 'for_each',
  onFailure: 'on_failure',
  retries: 'retry',
};
export const CALL: Spellings = { agent: 'role', config: 'with', parameters: 'with', params: 'with' };
export const RETRY: Spellings = { attempts: 'max_attempts', maxAttempts: 'max_attempts', maxDelay: 'max_delay' };
export const ROLE: Spellings = { taskQueue: 'task_queue' };

/** An object with canonical keys, and for each of them the one its author used. */
export interface Spelled {
  readonly value: unknown;
  /** A path that leads where the author wrote it. */
  where(path: Path): Path;
}

export function spelled(value: unknown, spellings: Spellings, path: Path, complain: Complain): Spelled {
  if (!isObject(value)) return { value, where: (inner) => [...path, ...inner] };
  const written = new Map<string, string>();
  const out: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    if (key === '__proto__') continue;
    const canonical = Object.hasOwn(spellings, key) ? spellings[key]! : key;
    const other = written.get(canonical);
    if (other !== undefined) {
      complain([...path, key], `\`${other}\` and \`${key}\` say the same thing: keep one of them.`);
      continue;
    }
    written.set(canonical, key);
    out[canonical] = each;
  }
  return {
    value: out,
    where([first, ...rest]) {
      if (first === undefined) return path;
      return [...path, written.get(String(first)) ?? first, ...rest];
    },
  };
}

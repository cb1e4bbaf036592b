/** Values that are too large to travel: kept as artifacts of the execution, and put back where an action takes them. */
import {
  type LargeValue,
  MAX_INLINE_BYTES,
  MAX_OUTPUT_BYTES,
  type StepKey,
} from '../../domain/definitions/execution.js';
import { isObject, type Json, type JsonObject } from '../../domain/definitions/json.js';
import type { ArtifactRef, ArtifactStore } from '../../domain/ports.js';
import { StepProblem } from './step-problem.js';

export interface LargeDeps {
  readonly artifacts: ArtifactStore;
  readonly name: (execution: string, artifact: ArtifactRef) => Promise<void>;
}

/** Most that one value may be when it is put back. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
const MAX_FIELDS = 200;

export async function putAway(
  deps: LargeDeps,
  key: Pick<StepKey, 'execution' | 'step' | 'item'>,
  outputs: JsonObject,
): Promise<JsonObject> {
  const entries = Object.entries(outputs);
  if (entries.length > MAX_FIELDS)
    throw new StepProblem('TooLarge', `It gave back ${entries.length} outputs; at most ${MAX_FIELDS} are kept.`);
  const kept: Record<string, Json> = {};
  let bytes = 0;
  for (const [name, value] of entries) {
    const text = JSON.stringify(value);
    const large = text.length > MAX_INLINE_BYTES || bytes + text.length > MAX_OUTPUT_BYTES;
    kept[name] = large ? await store(deps, key, name, text) : value;
    bytes += JSON.stringify(kept[name]).length;
  }
  return kept;
}

async function store(
  deps: LargeDeps,
  key: Pick<StepKey, 'execution' | 'step' | 'item'>,
  name: string,
  text: string,
): Promise<Json> {
  const stored = await deps.artifacts.put(Buffer.from(text));
  const place = [key.step, ...(key.item < 0 ? [] : [String(key.item)]), name].map(safe).join('/');
  await deps.name(key.execution, { name: `steps/${place}.json`, mediaType: 'application/json', ...stored });
  return { $artifact: stored.digest, bytes: stored.bytes };
}

const safe = (part: string): string => part.replace(/[^\w@+=,~ -]/g, '_').slice(0, 100);

export const isLarge = (value: unknown): value is LargeValue & JsonObject =>
  isObject(value) && typeof value['$artifact'] === 'string' && /^sha256:[0-9a-f]{64}$/.test(value['$artifact']);

/** At any depth. */
export async function putBack(artifacts: ArtifactStore, value: Json): Promise<Json> {
  if (isLarge(value)) return (await readLarge(artifacts, value.$artifact)) as Json;
  if (Array.isArray(value)) return Promise.all(value.map((each: Json) => putBack(artifacts, each)));
  if (!isObject(value)) return value;
  const entries = await Promise.all(
    Object.entries(value).map(async ([key, each]): Promise<[string, Json]> => [key, await putBack(artifacts, each)]),
  );
  return Object.fromEntries(entries);
}

export async function readLarge(artifacts: ArtifactStore, digest: string): Promise<unknown> {
  const size = await artifacts.size(digest);
  if (size === undefined) throw new StepProblem('Missing', `The artifact ${digest} is not there any more.`);
  if (size > MAX_VALUE_BYTES)
    throw new StepProblem('TooLarge', `The artifact ${digest} is larger than ${MAX_VALUE_BYTES} bytes.`);
  return JSON.parse(Buffer.from(await artifacts.get(digest)).toString('utf8')) as unknown;
}

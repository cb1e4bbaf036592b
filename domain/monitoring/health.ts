/** Whether Baton and what it watches is well: by component, and in one word. */
import { z } from 'zod';

export const HealthWord = z.enum(['healthy', 'degraded', 'down']).meta({ id: 'HealthWord' });
export type HealthWord = z.infer<typeof HealthWord>;

export const ComponentHealth = z
  .object({
    name: z.string(),
    kind: z.string(),
    status: HealthWord,
    latencyMs: z.number().nullable(),
    sentence: z.string().describe('What is wrong and what to do about it, or what was seen.'),
    checkedAt: z.iso.datetime(),
    since: z.iso.datetime().describe('Since when its status has been so.'),
  })
  .meta({ id: 'ComponentHealth' });
export type ComponentHealth = z.infer<typeof ComponentHealth>;

export const Health = z
  .object({
    status: HealthWord.describe(
      '`down`: a part without which nothing runs is down. `degraded`: one of the others is not well.',
    ),
    components: z.array(ComponentHealth),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;

/** Without these nothing can be run or remembered. */
const VITAL = new Set(['database', 'temporal', 'runners']);

export function overall(components: readonly ComponentHealth[]): HealthWord {
  if (components.some(({ name, status }) => VITAL.has(name) && status === 'down')) return 'down';
  return components.every(({ status }) => status === 'healthy') ? 'healthy' : 'degraded';
}

/** What a probe found out. */
export interface Finding {
  readonly status: HealthWord;
  readonly sentence: string;
}

/** One check. It ends by itself when the signal says so; what it throws is a failure, in its own words. */
export interface Probe {
  readonly name: string;
  readonly kind: string;
  readonly timeoutMs: number;
  /** Slower is degraded. */
  readonly slowMs?: number | undefined;
  check(signal: AbortSignal): Promise<Finding>;
}

export interface Checked extends Finding {
  readonly name: string;
  readonly kind: string;
  readonly latencyMs: number;
}

/** Series from the query API of Prometheus: one instant query for each. */
import { z } from 'zod';
import type { Sample } from '../../domain/monitoring/ports.js';
import { probeEgress, type Reach } from './guarded.js';

const pair = z.tuple([z.number(), z.string()]);
const Result = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('scalar'), result: pair }),
  z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: pair })) }),
]);
const Good = z.object({ status: z.literal('success'), data: Result });
const Bad = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

export interface PrometheusQueries extends Reach {
  readonly url: string;
  readonly token?: string | undefined;
  readonly timeoutMs: number;
  readonly metrics: readonly { readonly name: string; readonly query: string }[];
}

export interface Queried {
  readonly samples: readonly Sample[];
  /** One sentence for each query that gave nothing. */
  readonly problems: readonly string[];
}

/** Never throws: what did not answer is a problem, and the rest is told all the same. */
export async function queryPrometheus(source: PrometheusQueries): Promise<Queried> {
  const asked = await Promise.all(
    source.metrics.map(async ({ name, query }) => {
      try {
        const value = await answerTo(source, query);
        return value === undefined ? {} : { sample: { name, value } };
      } catch (error) {
        return { problem: `${name}: ${error instanceof Error ? error.message : String(error)}` };
      }
    }),
  );
  return {
    samples: asked.flatMap(({ sample }) => sample ?? []),
    problems: asked.flatMap(({ problem }) => problem ?? []),
  };
}

/** Undefined: the query matches no series now. */
async function answerTo(source: PrometheusQueries, query: string): Promise<number | undefined> {
  const { url, token, timeoutMs } = source;
  const answer = await probeEgress(
    source,
    timeoutMs,
  )({
    url: `${url.replace(/\/+$/, '')}/api/v1/query`,
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: new URLSearchParams({ query, timeout: `${Math.ceil(timeoutMs / 1000)}s` }).toString(),
  });
  const parsed = jsonOf(answer.text);
  const bad = Bad.safeParse(parsed);
  if (bad.success)
    throw new Error(`Prometheus refuses the query (${bad.data.errorType}): ${bad.data.error.slice(0, 200)}`);
  const good = Good.safeParse(parsed);
  if (!good.success)
    throw new Error(
      `${new URL(url).host} answers ${answer.status}, and not as the query API of Prometheus: give the address of its web page.`,
    );
  const { data } = good.data;
  if (data.resultType === 'vector' && data.result.length === 0) return undefined;
  const values = data.resultType === 'scalar' ? [data.result] : data.result.map(({ value }) => value);
  const sum = values.reduce((total, [, text]) => total + Number(text), 0);
  return Number.isFinite(sum) ? sum : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told as "not as the query API" by whoever asked
  }
}

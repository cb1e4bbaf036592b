/** Monitoring and alerts over the HTTP API. Refusals are `HttpProblem`s. */
import type { z } from 'zod';
import { Alert, AlertList, NewSilence, RuleList, Silence, SilenceList } from '../../domain/alerts/alert.schema.js';
import { Health } from '../../domain/monitoring/health.js';
import { AnomalyList, SeriesList } from '../../domain/monitoring/series.schema.js';
import { parsedBy, posted } from './json.js';
import { request, type WireOptions } from './request.js';

export interface AlertsClient {
  alerts(query: { state?: string; severity?: string; limit?: number }): Promise<AlertList>;
  rules(): Promise<RuleList>;
  acknowledge(id: string, note: string): Promise<Alert>;
  silences(): Promise<SilenceList>;
  silence(given: z.input<typeof NewSilence>): Promise<Silence>;
  anomalies(): Promise<AnomalyList>;
  series(): Promise<SeriesList>;
  health(): Promise<Health>;
}

/** People wait for it. */
const GIVE_UP_AFTER_MS = 15_000;

export function alertsClient(options: WireOptions): AlertsClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> => request(wire, { path, read: parsedBy(schema) });
  const post = <T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> =>
    request(wire, { ...posted(path, body), read: parsedBy(schema) });
  return {
    alerts: (query) => get(`/api/alerts?${new URLSearchParams(textOf(query))}`, AlertList),
    rules: () => get('/api/alerts/rules', RuleList),
    acknowledge: (id, note) => post(`/api/alerts/${encodeURIComponent(id)}/ack`, { note }, Alert),
    silences: () => get('/api/alerts/silences', SilenceList),
    silence: (given) => post('/api/alerts/silences', given, Silence),
    anomalies: () => get('/api/monitoring/anomalies', AnomalyList),
    series: () => get('/api/monitoring/metrics', SeriesList),
    health: () => get('/api/health', Health),
  };
}

const textOf = (query: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );

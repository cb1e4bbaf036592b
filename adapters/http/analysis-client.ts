/** Failure analysis and the knowledge store over the HTTP API. Refusals are `HttpProblem`s. */
import { Analysis } from '../../domain/analysis/analysis.schema.js';
import { KnowledgeList, type KnowledgeQuery } from '../../domain/knowledge/api.schema.js';
import { parsedBy } from './json.js';
import { request, type WireOptions } from './request.js';

export interface AnalysisClient {
  analysis(execution: string): Promise<Analysis>;
  search(query: { readonly [K in keyof KnowledgeQuery]?: KnowledgeQuery[K] | undefined }): Promise<KnowledgeList>;
}

/** People wait for it. */
const GIVE_UP_AFTER_MS = 30_000;

export function analysisClient(options: WireOptions): AnalysisClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  return {
    analysis: (id) => request(wire, { path: `/api/runs/${encodeURIComponent(id)}/analysis`, read: parsedBy(Analysis) }),
    search(query) {
      const given = Object.entries(query).filter(([, value]) => value !== undefined);
      const words = new URLSearchParams(Object.fromEntries(given.map(([name, value]) => [name, String(value)])));
      return request(wire, { path: `/api/knowledge?${words}`, read: parsedBy(KnowledgeList) });
    },
  };
}

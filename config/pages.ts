/** The Temporal Web UI shows executions and runs; reports are at the API. */
import type { WorkflowEngine } from '../domain/executions.js';
import type { Pages } from '../domain/pages.js';
import type { Settings } from './config.js';

export function pagesOf({ publicUrl }: Pick<Settings, 'publicUrl'>, workflows: Pick<WorkflowEngine, 'webUrl'>): Pages {
  const api = (path: string): string | null => (publicUrl === undefined ? null : `${publicUrl}${path}`);
  return {
    run: (id) => workflows.webUrl(id, null) ?? api(`/api/runs/${id}`),
    report: (run) => api(`/api/runs/${run}/report`),
    execution: (id) => workflows.webUrl(id, null) ?? api(`/api/executions/${id}`),
  };
}

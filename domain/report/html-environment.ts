import { duration, utc } from './format.js';
import { type Html, html, join } from './html-text.js';
import type { Report } from './report.schema.js';

/** What was run, where and with what. */
export function environment(report: Report): Html {
  const env = report.environment;
  const facts: [string, string | null][] = [
    ['Execution', report.execution],
    ['Project', report.project],
    ['Source', env.source],
    ['Commit', env.commit],
    ['Branch', env.branch],
    ['Local changes', env.dirty === null ? null : env.dirty ? 'yes: uncommitted changes took part' : 'none'],
    ['Tree', env.tree],
    ['Asked by', `${report.principal} (${report.trust}, priority ${report.priority})`],
    ['Started', utc(report.startedAt)],
    ['Ended', `${utc(report.endedAt)}, after ${duration(report.durationMs)}`],
    ['Lanes', env.lanes === null ? null : String(env.lanes)],
    ['Runners', env.runners.slice(0, 64).join(', ') || null],
    ['Isolation', env.isolation.map((level) => ISOLATION_TEXT[level] ?? level).join('; ') || null],
    ...Object.entries(env.versions),
  ];
  const rows = facts.flatMap(([name, value]) => (value === null ? [] : [html`<dt>${name}</dt><dd>${value}</dd>`]));
  return html`<dl class="env">${join(rows, '\n')}</dl>`;
}

const ISOLATION_TEXT: Record<string, string> = {
  bubblewrap: 'bubblewrap (own processes and file view)',
  'pid-namespace': 'PID namespace (own processes; files are shared)',
  'process-group': 'process group only (a process that leaves its group can outlive the test)',
};

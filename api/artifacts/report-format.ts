import type { ReportFormat } from '../../domain/api.schema.js';

/** Names under which the report step stores each form of the report. */
export const REPORT_ARTIFACTS: Record<ReportFormat, string> = {
  html: 'report.html',
  junit: 'junit.xml',
  ctrf: 'ctrf.json',
  json: 'report.json',
};

/** Names that only Baton itself gives: nobody uploads a report or a plan under them. */
export const RESERVED_ARTIFACTS: ReadonlySet<string> = new Set([
  'plan.json',
  'receipt.json',
  ...Object.values(REPORT_ARTIFACTS),
]);

/** What a program means by its `Accept` header; people with browsers get the page. */
export function formatFor(accept: string | undefined): ReportFormat {
  const types = (accept ?? '*/*')
    .toLowerCase()
    .split(',')
    .map((type) => type.split(';')[0]?.trim());
  for (const type of types) {
    if (type === 'text/html' || type === '*/*') return 'html';
    if (type === 'application/xml' || type === 'text/xml') return 'junit';
    if (type === 'application/json') return 'json';
  }
  return 'html';
}

import type { Report } from './report.schema.js';

/** Name of the suite that holds the verdict itself where no test would show that it is not green. */
export const VERDICT_SUITE = 'baton';

/**
 * Readers of JUnit and CTRF judge by counts. An execution that is not green although no test failed or was missed
 * (nothing could be planned, it was cancelled, a gate blocked it) would look green to them: such a report gets one
 * further entry. Returns its text, or undefined when the counts speak for themselves.
 */
export function verdictCase(report: Report): string | undefined {
  const { verdict, totals, problem, sentence } = report;
  if (verdict === 'passed' || totals.failed > 0 || totals.notRun > 0) return undefined;
  return problem === null ? sentence : `${problem.name}: ${problem.message}`;
}

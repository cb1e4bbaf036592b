/** How many tests became what: of one run, or of several together. */
import type { Totals } from './run.schema.js';

export const emptyTotals = (): Totals => ({ passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 });

export const addTotals = (a: Totals, b: Totals): Totals => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  flaky: a.flaky + b.flaky,
  notRun: a.notRun + b.notRun,
});

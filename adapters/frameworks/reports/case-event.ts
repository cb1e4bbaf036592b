import type { TestEndEvent } from '../../../domain/test-event.schema.js';
import type { ReportCase } from './report.js';

/** The part of a test event that says how it went; file and path are the adapter's to decide. */
export function caseFields(one: ReportCase): Omit<TestEndEvent, 'e' | 'file' | 'path'> {
  const { params, status, fault, ms, at, tries, note, message, stack, expected, actual, line, column, stdout, stderr } =
    one;
  const optional = { params, fault, ms, at, note, message, stack, expected, actual, line, column, stdout, stderr };
  const fields = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { status, ...(tries > 1 ? { tries } : {}), ...fields };
}

import type { Report } from './report.schema.js';

/** The report model itself, as `report.json`; described by `reportJsonSchema()`. */
export const toJson = (report: Report): string => `${JSON.stringify(report)}\n`;

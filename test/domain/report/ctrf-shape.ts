/** The shape of a CTRF 1.0 document, strict: an unknown key is an error, as in the published JSON Schema. */
import { z } from 'zod';

const status = z.enum(['passed', 'failed', 'skipped', 'pending', 'other']);
const extra = z.record(z.string(), z.unknown()).optional();
const textLines = z.array(z.string()).optional();
const whole = z.int().optional();

const Try = z.strictObject({
  attempt: z.int().min(1),
  status,
  duration: whole,
  message: z.string().optional(),
  trace: z.string().optional(),
  line: whole,
  stdout: textLines,
  stderr: textLines,
  start: whole,
  stop: whole,
  extra,
});

const Test = z.strictObject({
  id: z.uuid().optional(),
  name: z.string().min(1),
  status,
  duration: z.int(),
  start: whole,
  stop: whole,
  suite: z.array(z.string()).min(1).optional(),
  message: z.string().optional(),
  trace: z.string().optional(),
  line: whole,
  rawStatus: z.string().optional(),
  filePath: z.string().optional(),
  retries: whole,
  retryAttempts: z.array(Try).optional(),
  flaky: z.boolean().optional(),
  stdout: textLines,
  stderr: textLines,
  threadId: z.string().optional(),
  extra,
});

export const CtrfDocument = z.strictObject({
  reportFormat: z.literal('CTRF'),
  specVersion: z.string().regex(/^\d+\.\d+\.\d+$/),
  timestamp: z.iso.datetime(),
  generatedBy: z.string(),
  results: z.strictObject({
    tool: z.strictObject({ name: z.string().min(1), version: z.string().optional() }),
    summary: z.strictObject({
      tests: z.int(),
      passed: z.int(),
      failed: z.int(),
      skipped: z.int(),
      pending: z.int(),
      other: z.int(),
      flaky: z.int(),
      suites: z.int(),
      start: z.int(),
      stop: z.int(),
      duration: z.int(),
      extra,
    }),
    tests: z.array(Test),
    environment: z.strictObject({
      appName: z.string(),
      commit: z.string().optional(),
      branchName: z.string().optional(),
      extra,
    }),
  }),
});

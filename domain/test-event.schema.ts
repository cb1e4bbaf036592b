/**
 * The reporter protocol, version 1: one JSON object a line, appended to the file named by `BATON_EVENTS` (or made
 * by an adapter from a tool's own stream). A killed process leaves every line it had written.
 *
 *   start → file-start → test* → file-end → … → end
 *
 * `start` proves that the reporter was loaded, `file-end` that every test of a file was reported, `end` that the tool
 * itself said it was done. Without `end` the report is partial, whatever the exit code says.
 */
import { z } from 'zod';
import { Fault } from './blame.schema.js';
import { RawStatus } from './outcome.schema.js';

/** Path of a test file, relative to the suite's directory, with forward slashes. */
const file = z.string().max(1024);
const ms = z.number().finite().nonnegative();
/** Unix time in milliseconds. */
const at = z.number().finite().nonnegative();

export const StartEvent = z.object({ e: z.literal('start'), framework: z.string(), version: z.string().optional() });

export const FileStartEvent = z.object({ e: z.literal('file-start'), file, at: at.optional() });

/** Byte caps keep one hostile message from filling the database; readers cut with `clip` and leave a marker. */
export const TestEndEvent = z.object({
  e: z.literal('test'),
  file,
  /** Titles from the outermost describe to the test, without the file. */
  path: z.array(z.string().max(2048)).min(1).max(64),
  /** Parameters that tell generated tests apart, when the framework names them apart from the title. */
  params: z.string().max(2048).optional(),
  status: RawStatus,
  /** What the tool itself says of a red result; else it is decided from its text. */
  fault: Fault.optional(),
  ms: ms.optional(),
  at: at.optional(),
  /** How often the framework itself tried this test (its own retries); 1 or absent = once. */
  tries: z.number().int().positive().optional(),
  /** `todo`, `expected failure`, a skip reason … */
  note: z.string().max(2048).optional(),
  message: z
    .string()
    .max(64 * 1024)
    .optional(),
  stack: z
    .string()
    .max(64 * 1024)
    .optional(),
  expected: z
    .string()
    .max(16 * 1024)
    .optional(),
  actual: z
    .string()
    .max(16 * 1024)
    .optional(),
  line: z.number().int().positive().optional(),
  column: z.number().int().nonnegative().optional(),
  stdout: z
    .string()
    .max(64 * 1024)
    .optional(),
  stderr: z
    .string()
    .max(64 * 1024)
    .optional(),
});

/** `tests`: how many `test` events of this file came before. A failed file has a message and may have no tests. */
export const FileEndEvent = z.object({
  e: z.literal('file-end'),
  file,
  status: RawStatus,
  tests: z.number().int().nonnegative(),
  ms: ms.optional(),
  message: z
    .string()
    .max(64 * 1024)
    .optional(),
  stack: z
    .string()
    .max(64 * 1024)
    .optional(),
  stdout: z
    .string()
    .max(64 * 1024)
    .optional(),
});

/** Something red that belongs to no test: an unhandled error, a failed global hook. */
export const ErrorEvent = z.object({
  e: z.literal('error'),
  file: file.optional(),
  message: z.string().max(64 * 1024),
  stack: z
    .string()
    .max(64 * 1024)
    .optional(),
  /** It is about the report itself. `corrupt`: it cannot be read; `refused`: it was not even opened. */
  report: z.enum(['corrupt', 'refused']).optional(),
});

export const EndEvent = z.object({ e: z.literal('end') });

export const TestEvent = z.discriminatedUnion('e', [
  StartEvent,
  FileStartEvent,
  TestEndEvent,
  FileEndEvent,
  ErrorEvent,
  EndEvent,
]);
export type TestEvent = z.infer<typeof TestEvent>;
export type TestEndEvent = z.infer<typeof TestEndEvent>;
export type FileEndEvent = z.infer<typeof FileEndEvent>;
export type ErrorEvent = z.infer<typeof ErrorEvent>;

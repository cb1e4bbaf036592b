/** What a change is: from which commit to which, which files, by whom. */
import { z } from 'zod';
import { FRAMEWORKS } from '../names.js';
import { PRIORITIES } from '../priority.js';
import { PreReleaseConfig } from './settings.schema.js';

export const ChangedFile = z.object({
  /** Relative to the project. */
  path: z.string(),
  kind: z.enum(['added', 'modified', 'deleted', 'renamed']),
  /** Path before, of a renamed file. */
  from: z.string().optional(),
  /** Lines; null for a binary file. */
  added: z.int().nonnegative().nullable(),
  deleted: z.int().nonnegative().nullable(),
  /** Commits of the last 90 days before the change that touched it. */
  churn: z.int().nonnegative(),
});
export type ChangedFile = z.infer<typeof ChangedFile>;

/** A suite as it can be seen without running anything. */
export const SuiteFact = z.object({
  name: z.string(),
  framework: z.enum(FRAMEWORKS),
  dir: z.string(),
  /** Its own: what it says, or what its kind says. */
  priority: z.enum(PRIORITIES),
});
export type SuiteFact = z.infer<typeof SuiteFact>;

export const Author = z.object({ name: z.string(), email: z.string(), commits: z.int() });
export type Author = z.infer<typeof Author>;

export const Change = z.object({
  version: z.literal(1),
  /** Null for a directory that git does not know. */
  commit: z.string().nullable(),
  base: z.string().nullable(),
  /** How the base was found. */
  how: z.string(),
  branch: z.string().nullable(),
  dirty: z.boolean(),
  /** Of the newest commit. */
  subject: z.string(),
  message: z.string(),
  /** Those with most commits first. */
  authors: z.array(Author),
  commits: z.int(),
  files: z.array(ChangedFile),
  /** How many more files there are. */
  filesCut: z.int(),
  suites: z.array(SuiteFact),
  /** The rules that it is judged by. */
  settings: PreReleaseConfig,
  /** What could not be found out. */
  notes: z.array(z.string()),
});
export type Change = z.infer<typeof Change>;

/** Runs a JavaScript framework by itself, with its own reporter: the other side of every comparison. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { locateTool } from '../../../adapters/frameworks/js-shared.js';
import type { ResultRow } from '../../../domain/result.schema.js';
import { exec } from './polyglot.js';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface JestLike {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numTotalTests: number;
  readonly testResults: { assertionResults: { status: string }[] }[];
}

/** The tool's script as installed for `root`, which need not be the one of this repository. */
export function binOf(root: string, name: string): string {
  const tool = locateTool(root, name);
  if (!tool) throw new Error(`${name} is not installed above ${root}`);
  return tool.bin;
}

export const versionOf = (root: string, name: string): string => locateTool(root, name)?.version ?? 'none';

/** What Vitest and Jest write as JSON: everything that neither passed nor failed was skipped. */
export async function jestLikeCounts(
  root: string,
  args: (output: string) => string[],
  env: Record<string, string> = {},
): Promise<Counts> {
  return withFile(async (output) => {
    const result = await exec('node', args(output), root, env);
    const text = await readFile(output, 'utf8').catch(() => {
      throw new Error(`no report:\n${result.stdout}\n${result.stderr}`);
    });
    const report = JSON.parse(text) as JestLike;
    const { numPassedTests: passed, numFailedTests: failed, numTotalTests } = report;
    return { passed, failed, skipped: numTotalTests - passed - failed };
  });
}

export async function withFile<T>(use: (path: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-native-'));
  try {
    return await use(resolve(dir, 'report'));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Red results that belong to a file and to no test of it. */
export const redFiles = (rows: readonly ResultRow[]): string[] =>
  rows
    .filter((row) => row.kind === 'file')
    .map((row) => row.file)
    .sort();

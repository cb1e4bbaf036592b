/**
 * The framework's own command for a suite, and its own counts: read from the framework's own report by code that shares
 * nothing with Baton's adapters, so that the two can be compared.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Suite } from '../../domain/plan.schema.js';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Native {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Reads the counts after the command has ended. */
  counts(stdout: string): Counts;
}

type Make = (suite: Suite, out: string, dir: string) => Native;

const json = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const count = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
const bin = (dir: string, name: string): string => join(dir, 'node_modules', '.bin', name);

interface JestLike {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}
const jestLike = (out: string) => (): Counts => {
  const r = json<JestLike>(out);
  return { passed: r.numPassedTests, failed: r.numFailedTests, skipped: r.numPendingTests + r.numTodoTests };
};

export const NATIVES: Partial<Record<Suite['framework'], Make>> = {
  vitest: (suite, out, dir) => ({
    command: bin(dir, 'vitest'),
    args: ['run', '--reporter=json', `--outputFile=${out}`, ...suite.args],
    counts: jestLike(out),
  }),
  jest: (suite, out, dir) => ({
    command: bin(dir, 'jest'),
    args: ['--json', `--outputFile=${out}`, ...suite.args],
    counts: jestLike(out),
  }),
  mocha: (suite, out, dir) => ({
    command: bin(dir, 'mocha'),
    args: [...suite.args, '--reporter', 'json', '--reporter-option', `output=${out}`],
    counts() {
      const { stats } = json<{ stats: { passes: number; failures: number; pending: number } }>(out);
      return { passed: stats.passes, failed: stats.failures, skipped: stats.pending };
    },
  }),
  'node-test': (suite, out) => ({
    command: process.execPath,
    args: [
      '--test',
      '--test-reporter=tap',
      `--test-reporter-destination=${out}`,
      ...suite.args,
      ...(suite.include ?? []),
    ],
    counts() {
      const tap = readFileSync(out, 'utf8');
      const total = (word: string): number => count(tap, new RegExp(`^# ${word} (\\d+)$`, 'gm'));
      return {
        passed: total('pass'),
        failed: total('fail') + total('cancelled'),
        skipped: total('skipped') + total('todo'),
      };
    },
  }),
  playwright: (suite, out, dir) => ({
    command: bin(dir, 'playwright'),
    args: ['test', '--reporter=json', ...suite.args],
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: out },
    counts() {
      const { stats } = json<{ stats: { expected: number; unexpected: number; flaky: number; skipped: number } }>(out);
      return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped };
    },
  }),
  pytest: (suite, _, dir) => ({
    command: pythonOf(dir),
    args: ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...suite.args],
    counts(stdout) {
      const last = stdout.trimEnd().split('\n').at(-1) ?? '';
      const n = (word: string): number => count(last, new RegExp(`(\\d+) ${word}\\b`, 'g'));
      return {
        passed: n('passed') + n('xfailed') + n('xpassed'),
        failed: n('failed') + n('errors?'),
        skipped: n('skipped'),
      };
    },
  }),
  'go-test': (suite) => ({
    command: 'go',
    args: ['test', '-json', '-count=1', ...suite.args, './...'],
    counts(stdout) {
      const counts = { pass: 0, fail: 0, skip: 0 };
      for (const line of stdout.split('\n')) {
        if (!line.startsWith('{')) continue;
        const event = JSON.parse(line) as { Action: string; Test?: string };
        if (event.Test && event.Action in counts) counts[event.Action as keyof typeof counts]++;
      }
      return { passed: counts.pass, failed: counts.fail, skipped: counts.skip };
    },
  }),
  maven: (suite) => ({
    command: 'mvn',
    args: ['-B', '-Dstyle.color=never', 'test', '-fae', ...suite.args],
    counts(stdout) {
      let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
      // One summary a module, without a class name behind it.
      for (const match of stdout.matchAll(
        /^\[\w+\] Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$/gm,
      )) {
        const [run, failures, errors, skipped] = match.slice(1).map(Number) as [number, number, number, number];
        counts = {
          passed: counts.passed + run - failures - errors - skipped,
          failed: counts.failed + failures + errors,
          skipped: counts.skipped + skipped,
        };
      }
      return counts;
    },
  }),
  cargo: (suite) => ({
    command: 'cargo',
    args: ['test', '--no-fail-fast', ...suite.args],
    counts(stdout) {
      const lines = stdout
        .split('\n')
        .filter((line) => line.startsWith('test result:'))
        .join('\n');
      return {
        passed: count(lines, /(\d+) passed/g),
        failed: count(lines, /(\d+) failed/g),
        skipped: count(lines, /(\d+) ignored/g),
      };
    },
  }),
};

function pythonOf(dir: string): string {
  for (const venv of ['.venv', 'venv']) {
    const python = join(dir, venv, 'bin', 'python');
    try {
      readFileSync(python);
      return python;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'python3';
}

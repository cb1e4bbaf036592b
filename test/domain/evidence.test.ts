import { describe, expect, it } from 'vitest';
import type { ExitRecord } from '../../domain/batch.schema.js';
import { judgeAttempt, type Observed } from '../../domain/evidence.js';
import type { ExitMeaning } from '../../domain/framework.js';

const exit = (change: Partial<ExitRecord> = {}): ExitRecord => ({
  code: 0,
  signal: null,
  killed: null,
  startError: null,
  durationMs: 10,
  peakMemoryMb: null,
  outputBytes: 0,
  leftBehind: 0,
  isolation: 'pid-namespace',
  forced: false,
  ...change,
});

const seen = (change: Partial<Observed> = {}): Observed => ({
  reporterLoaded: true,
  reporterEnded: true,
  filesExpected: ['a', 'b'],
  filesEnded: new Set(['a', 'b']),
  tests: 5,
  failed: 0,
  strangers: [],
  corrupt: null,
  bailed: false,
  ...change,
});

const meaning = (code: number): ExitMeaning =>
  code === 0 ? 'green' : code === 1 ? 'red' : code === 5 ? 'empty' : 'broken';
const outcome = (e: ExitRecord, o: Observed): string => judgeAttempt(e, meaning, o).outcome;

describe('what an ended attempt proves', () => {
  it('is green only when exit code, end mark and every file agree', () => {
    expect(outcome(exit(), seen())).toBe('passed');
    expect(outcome(exit({ code: 1 }), seen({ failed: 1 }))).toBe('failed');
  });

  it.each<[string, Partial<ExitRecord>, Partial<Observed>]>([
    ['error_no_results', {}, { reporterLoaded: false, reporterEnded: false, filesEnded: new Set(), tests: 0 }],
    ['error_no_results', { code: 5 }, { filesEnded: new Set(), tests: 0 }],
    ['error_partial_report', {}, { reporterEnded: false }],
    ['error_partial_report', {}, { filesEnded: new Set(['a']) }],
    ['error_inconsistent', {}, { failed: 1 }],
    ['error_inconsistent', { code: 1 }, {}],
    ['error_inconsistent', {}, { strangers: ['other.test.js'] }],
    ['error_inconsistent', { code: 5 }, {}],
    ['error_corrupt_report', {}, { corrupt: 'line 3' }],
    ['error_runner_crashed', { code: 134 }, {}],
    ['error_runner_crashed', { code: null, signal: 'SIGSEGV' }, {}],
    ['error_setup', { code: null, startError: 'ENOENT' }, {}],
    ['timeout', { code: null, signal: 'SIGKILL', killed: 'timeout' }, {}],
    ['timeout', { killed: 'silence' }, {}],
    ['limit_memory', { code: 137, killed: 'memory' }, {}],
    ['limit_output', { killed: 'output' }, {}],
    ['limit_disk', { killed: 'disk' }, {}],
    ['limit_disk', { code: null, startError: 'ENOSPC', killed: 'disk' }, {}],
    ['limit_processes', { killed: 'processes' }, {}],
    ['cancelled', { killed: 'cancelled' }, {}],
    ['lost_worker', { killed: 'lease' }, {}],
    ['lost_worker', { killed: 'orphaned' }, {}],
  ])('%s for exit %j and report %j', (expected, e, o) => {
    expect(outcome(exit(e), seen(o))).toBe(expected);
  });

  it('lets a bailed batch end early when something failed, and only then', () => {
    const early = { bailed: true, reporterEnded: false, filesEnded: new Set<string>(), tests: 1 };
    expect(outcome(exit({ code: 1 }), seen({ ...early, failed: 1 }))).toBe('failed');
    expect(outcome(exit(), seen({ ...early, failed: 0 }))).toBe('error_partial_report');
  });

  it('says what to do', () => {
    expect(judgeAttempt(exit({ killed: 'memory' }), meaning, seen()).message).toContain('limits.memoryMb');
    expect(judgeAttempt(exit(), meaning, seen({ filesEnded: new Set(['a']) })).message).toContain('says nothing of b');
  });
});

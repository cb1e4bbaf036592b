import { describe, expect, it } from 'vitest';
import { Collector } from '../../domain/collect.js';
import type { TestEvent } from '../../domain/test-event.schema.js';

const test = (file: string, name: string, status: 'passed' | 'failed' = 'passed'): TestEvent => ({
  e: 'test',
  file,
  path: [name],
  status,
});
const collector = (files = ['a', 'b']): Collector => new Collector('unit', 1, files);

describe('collecting the events of an attempt', () => {
  it('numbers tests of one file that share all names', () => {
    const { results } = collector().add([test('a', 'x'), test('a', 'x'), test('b', 'x')]);
    expect(results.map((r) => [r.file, r.occurrence])).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ]);
    expect(results[0]!.testId).toBe(results[1]!.testId);
    expect(results[0]!.testId).not.toBe(results[2]!.testId);
  });

  it('accepts a file as ended only when every announced test arrived', () => {
    const c = collector();
    expect(c.add([test('a', 'x'), { e: 'file-end', file: 'a', status: 'passed', tests: 1 }]).fileEnds).toHaveLength(1);
    expect(c.add([test('b', 'x'), { e: 'file-end', file: 'b', status: 'passed', tests: 2 }]).fileEnds).toEqual([]);
    expect(c.observed(false)).toMatchObject({ corrupt: 'b announced 2 tests, 1 arrived', filesEnded: new Set(['a']) });
  });

  it('makes a file that fails to load a red result of that file', () => {
    const { results, fileEnds } = collector().add([
      { e: 'file-end', file: 'a', status: 'failed', tests: 0, message: 'SyntaxError: x' },
    ]);
    expect(results).toMatchObject([{ kind: 'file', file: 'a', status: 'failed', message: 'SyntaxError: x' }]);
    expect(fileEnds).toEqual([{ file: 'a', status: 'failed', tests: 0, durationMs: null }]);
  });

  it('adds no second red result for a file whose test failed', () => {
    const { results } = collector().add([
      test('a', 'x', 'failed'),
      { e: 'file-end', file: 'a', status: 'failed', tests: 1 },
    ]);
    expect(results.map((r) => r.kind)).toEqual(['test']);
  });

  it('notices results of files that nobody asked for', () => {
    const c = collector();
    expect(c.add([test('elsewhere', 'x')]).results).toEqual([]);
    expect(c.observed(false).strangers).toEqual(['elsewhere']);
  });

  it('shows an error outside tests as red', () => {
    const c = collector();
    const { results } = c.add([{ e: 'error', message: 'unhandled rejection' }]);
    expect(results).toMatchObject([{ kind: 'file', file: 'a', status: 'failed', message: 'unhandled rejection' }]);
    expect(c.observed(false).failed).toBe(1);
  });

  it('cleans colour codes and control characters out of names and messages, and cuts what is long', () => {
    const { results } = collector().add([
      { e: 'test', file: 'a', path: ['\u001b[31mred\u001b[0m\u0000'], status: 'failed', message: 'x'.repeat(60_000) },
    ]);
    expect(results[0]!.path).toEqual(['red']);
    expect(results[0]!.message!.length).toBeLessThanOrEqual(16 * 1024);
    expect(results[0]!.message).toContain('characters cut');
  });

  it('takes secrets out of what tests say', () => {
    const masked = new Collector('unit', 1, ['a'], (text) => text.replaceAll('hunter2', '***'));
    const { results } = masked.add([
      { e: 'test', file: 'a', path: ['x'], status: 'failed', message: 'login hunter2 failed', stack: 'at hunter2' },
    ]);
    expect(results[0]).toMatchObject({ message: 'login *** failed', stack: 'at ***' });
  });

  it('says whether the reporter was loaded and said that it was done', () => {
    const c = collector();
    expect(c.observed(false)).toMatchObject({ reporterLoaded: false, reporterEnded: false });
    c.add([{ e: 'start', framework: 'vitest' }, { e: 'end' }]);
    expect(c.observed(false)).toMatchObject({ reporterLoaded: true, reporterEnded: true });
  });
});

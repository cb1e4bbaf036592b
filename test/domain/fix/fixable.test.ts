/** Only simple failures are tried; everything else goes to people, with the reason. */
import { describe, expect, it } from 'vitest';
import { fixability } from '../../../domain/fix/fixable.js';
import { FixSettings } from '../../../domain/fix/settings.schema.js';
import type { TestResult } from '../../../domain/result.schema.js';
import type { Run } from '../../../domain/run.schema.js';
import { aPlan, aSuite } from '../../support/builders.js';

const settings = FixSettings.parse({});
const plan = aPlan({ b1: ['test/price.test.js'] }, [aSuite('unit'), aSuite('py', { framework: 'pytest' })]);
const commit = 'c'.repeat(40);
const run = {
  project: 'shop',
  status: 'finished',
  verdict: 'failed',
  trust: 'trusted',
  commit,
  branch: 'main',
  source: { kind: 'commit', repository: 'https://code.example.org/acme/shop', commit },
} as Run;
const failed = (change: Partial<TestResult> = {}): TestResult => ({
  ...{ testId: 't1', occurrence: 1, kind: 'test', suite: 'unit', file: 'test/price.test.js', name: 'a price' },
  ...{ path: ['a price'], status: 'failed', durationMs: 5, attempts: 1, message: '1 !== 2', runner: null, batch: null },
  ...{ fault: 'failure', blame: null },
  ...change,
});
const blamed = (name: string): TestResult['blame'] => ({ class: name }) as unknown as TestResult['blame'];

describe('a failure is tried', () => {
  it.each([
    ['an assertion', failed()],
    ['an error of the code under test', failed({ fault: 'error', message: 'TypeError: x' })],
    ['what is the change’s own', failed({ blame: blamed('your_change') })],
    ['what was red before', failed({ blame: blamed('red_before') })],
  ])('%s', (_, test) =>
    expect(fixability(run, plan, [test], settings)).toMatchObject({ fixable: true, tests: [test] }),
  );
});

describe('a failure is left to people', () => {
  const several = Array.from({ length: 11 }, (_, i) => failed({ testId: `t${i}` }));
  const of = (change: object): Run => ({ ...run, ...change }) as Run;
  it.each<[string, Run, TestResult[], RegExp]>([
    ['a file that does not load', run, [failed({ kind: 'file' })], /kind "load" are left to people/],
    ['a known flaky test', run, [failed({ blame: blamed('known_flaky') })], /No failure is the fault of the code/],
    ['a runner that died', run, [failed({ blame: blamed('worker_died') })], /No failure is the fault of the code/],
    ['the environment', run, [failed({ blame: blamed('environment') })], /No failure is the fault of the code/],
    ['another language', run, [failed({ suite: 'py' })], /JavaScript and TypeScript/],
    ['many at once', run, several, /11 tests fail/],
    ['code of a stranger', of({ trust: 'untrusted' }), [failed()], /not trusted/],
    ['a directory', of({ source: { kind: 'directory', dir: '/x' } }), [failed()], /Fixes are made for commits/],
    ['a run that goes on', of({ status: 'running' }), [failed()], /not finished/],
  ])('%s', (_, given, tests, why) => {
    expect(fixability(given, plan, tests, settings)).toMatchObject({ fixable: false, why: expect.stringMatching(why) });
  });

  it('unless the settings say otherwise', () => {
    const wider = FixSettings.parse({ classes: ['load'], maxTests: 20 });
    expect(fixability(run, plan, [failed({ kind: 'file' })], wider)).toMatchObject({ fixable: true });
    expect(fixability(run, plan, [failed()], wider)).toMatchObject({ fixable: false });
  });
});

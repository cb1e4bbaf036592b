import { describe, expect, it } from 'vitest';
import { coverageOf, rerunPlan } from '../../domain/rerun.js';
import { aResult } from '../adapters/store/scenario.js';
import { aPlan } from '../support/builders.js';

const plan = aPlan({ b1: ['a.ts', 'b.ts'], b2: ['c.ts'] });
const results = [
  aResult('a.ts', 'one', 'passed'),
  aResult('a.ts', 'two', 'failed'),
  aResult('b.ts', 'three', 'passed'),
  aResult('c.ts', '(file)', 'not_run', { kind: 'file', path: ['(file)'] }),
];
const select = new Set(['unit']);

describe('the plan of a rerun', () => {
  it('holds the failed tests alone, and whole files that nobody saw to their end', () => {
    const again = rerunPlan({ plan, results, only: 'failed', selectsTests: select });
    expect(again?.tests).toBe(2);
    expect(again?.plan.files.map((f) => f.file)).toEqual(['a.ts', 'c.ts']);
    expect(again?.plan.batches).toMatchObject([
      { id: 'b1', files: ['a.ts'], tests: [['two']] },
      { id: 'b2', files: ['c.ts'] },
    ]);
    expect(again?.plan.batches[1]).not.toHaveProperty('tests');
  });

  it('holds whole files where single tests cannot be selected, and says how many tests that are', () => {
    const again = rerunPlan({ plan, results, only: 'failed', selectsTests: new Set() });
    expect(again?.tests).toBe(3);
    expect(again?.plan.batches[0]).not.toHaveProperty('tests');
  });

  it('keeps a serial suite serial', () => {
    const serial = { ...plan, batches: plan.batches.map((b) => ({ ...b, serial: true })) };
    const again = rerunPlan({ plan: serial, results, only: 'failed', selectsTests: select });
    expect(again?.plan.batches.every((b) => b.serial)).toBe(true);
  });

  it('takes whole files, several in a batch, when very many failed', () => {
    const names = Array.from({ length: 300 }, (_, i) => `f${i}.ts`);
    const many = aPlan({ b1: names.slice(0, 150), b2: names.slice(150), b3: ['green.ts'] });
    const again = rerunPlan({
      plan: many,
      results: [...names.map((file) => aResult(file, 't', 'failed')), aResult('green.ts', 't', 'passed')],
      only: 'failed',
      selectsTests: select,
    });
    expect(again?.plan.batches.map((b) => b.files.length)).toEqual([150, 150]);
    expect(again?.tests).toBe(300);
  });

  it('is the same plan for everything, and none where nothing failed', () => {
    expect(rerunPlan({ plan, results, only: 'all', selectsTests: select })).toEqual({ plan, tests: 4 });
    expect(
      rerunPlan({ plan, results: [aResult('a.ts', 'one', 'passed')], only: 'failed', selectsTests: select }),
    ).toBeUndefined();
  });
});

it('a green rerun of what failed says in its first words that it is no green for everything', () => {
  const origin = { kind: 'rerun', rerunOf: 'run_1', draft: 'd', tests: 3, ofTests: 120 } as const;
  expect(coverageOf({ ...origin, only: 'failed' })).toBe(
    'partial: covers only 3 of the 120 tests of run_1, what had failed or was not run there; the other 117 were not run here, so this is no green for all of it',
  );
  expect(coverageOf({ ...origin, only: 'all' })).toBe('rerun of everything in run_1');
  expect(coverageOf(undefined)).toBeUndefined();
});

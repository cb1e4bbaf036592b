import { describe, expect, it } from 'vitest';
import { mergeGate, type RunForGate, type SuiteOutcome } from '../../../domain/pre-release/merge-gate.js';
import { PreReleaseConfig } from '../../../domain/pre-release/settings.schema.js';
import { quoted } from '../../../domain/pre-release/words.js';

const rules = (gate: object = {}) => PreReleaseConfig.parse({ gate }).gate;
const suite = (name: string, priority: SuiteOutcome['priority'], change: Partial<SuiteOutcome> = {}): SuiteOutcome => ({
  suite: name,
  priority,
  gating: 0,
  excused: 0,
  unfinished: 0,
  doubtful: false,
  ...change,
});
const run = (verdict: RunForGate['verdict'], suites: SuiteOutcome[] = []): RunForGate => ({
  run: 'run_1',
  verdict,
  sentence: 'said so',
  suites,
});

describe('the merge gate', () => {
  it('lets green through', () => {
    expect(mergeGate([run('passed'), run('passed')], rules())).toMatchObject({ outcome: 'passed', fired: [] });
  });

  it('blocks for a red suite of medium priority and above, warns for one below, and names the rule', () => {
    const red = (priority: SuiteOutcome['priority']) =>
      mergeGate([run('failed', [suite('a', priority, { gating: 2 })])], rules());
    for (const priority of ['critical', 'high', 'medium'] as const) expect(red(priority).outcome).toBe('blocked');
    for (const priority of ['low', 'background'] as const) expect(red(priority).outcome).toBe('warned');
    expect(red('low').fired[0]!.reason).toBe(
      'a: 2 tests failed; priority low warns, because gate.blocksFrom is medium',
    );
  });

  it('follows what the project says about single suites', () => {
    const red = [run('failed', [suite('shots', 'low', { gating: 1 }), suite('unit', 'critical', { gating: 1 })])];
    expect(mergeGate(red, rules({ warning: ['unit'] })).outcome).toBe('warned');
    expect(mergeGate(red, rules({ warning: ['unit'], blocking: ['shots'] })).outcome).toBe('blocked');
    expect(mergeGate(red, rules({ blocksFrom: 'critical', warning: ['unit'] })).outcome).toBe('warned');
  });

  it('blocks for what could not be found out', () => {
    const blocked = (given: RunForGate) => expect(mergeGate([given], rules()).outcome).toBe('blocked');
    blocked(run('incomplete', [suite('a', 'medium', { unfinished: 1 })]));
    blocked(run('incomplete', [suite('a', 'medium', { doubtful: true })]));
    blocked(run('incomplete', [suite('a', 'low')]));
    blocked(run('incomplete'));
    blocked(run('cancelled', [suite('a', 'low', { gating: 1 })]));
    blocked(run('blocked'));
    expect(mergeGate([], rules()).outcome).toBe('blocked');
    expect(mergeGate([run('incomplete', [suite('a', 'low', { unfinished: 1 })])], rules()).outcome).toBe('warned');
  });
});

it('names from outside cannot leave their quotes', () => {
  expect(quoted('a`b``c\n# x')).toBe('``` a`b``c # x ```');
  expect(quoted('plain')).toBe('`plain`');
  expect(quoted('')).toBe('``');
});

import { describe, expect, it } from 'vitest';
import type { ExitRecord } from '../../domain/batch.schema.js';
import type { BatchRecord } from '../../domain/ports.js';
import type { Attempt } from '../../domain/result.schema.js';
import { interferingSuites, MAX_RERUN_FILES, settle } from '../../domain/settle.js';
import { anAttempt, anEvidence, anExit, aPlan, aRecord, aSuite } from '../support/builders.js';

const plan = aPlan({ b1: ['a', 'b'], b2: ['c'] });
const first = [aRecord('b1', ['a', 'b']), aRecord('b2', ['c'])];
const run = (batches: readonly BatchRecord[], attempts: readonly Attempt[], stage = 1, retries = 1) =>
  settle({ plan, batches, attempts, stage, retriesOf: () => retries, selectsTests: new Set(['selecting']) });

describe('what is tried again', () => {
  it('nothing, when nothing failed', () => {
    expect(run(first, [anAttempt('a', 'x', 'passed')])).toEqual({ batches: [], reason: '' });
  });

  it('each failed file in a process of its own, alone', () => {
    const { batches, reason } = run(first, [
      anAttempt('a', 'x', 'failed'),
      anAttempt('a', 'y', 'passed'),
      anAttempt('c', 'z', 'failed'),
    ]);
    expect(batches.map((b) => [b.files, b.exclusive, b.stage])).toEqual([
      [['a'], true, 2],
      [['c'], true, 2],
    ]);
    expect(reason).toBe('2 files tried again, alone');
  });

  it('only the failed tests, where the adapter can select', () => {
    const suites = [aSuite('selecting')];
    const attempt = anAttempt('a', 'x', 'failed', { suite: 'selecting', path: ['cart', 'x'] });
    const settled = settle({
      plan: aPlan({ b1: ['a'] }, suites),
      batches: [aRecord('b1', ['a'], { suite: 'selecting' })],
      attempts: [attempt],
      stage: 1,
      retriesOf: () => 1,
      selectsTests: new Set(['selecting']),
    });
    expect(settled.batches[0]!.tests).toEqual([['cart', 'x']]);
  });

  it('no more often than the suite allows', () => {
    const again = [...first, aRecord('b3', ['a'], { stage: 2, exclusive: true })];
    const attempts = [anAttempt('a', 'x', 'failed'), anAttempt('a', 'x', 'failed', { attempt: 2, batch: 'b3' })];
    expect(run(again, attempts, 2).batches).toEqual([]);
    expect(run(again, attempts, 2, 2).batches.map((b) => b.stage)).toEqual([3]);
    expect(run(first, attempts.slice(0, 1), 1, 0).batches).toEqual([]);
  });

  it('files whose process died under them, once', () => {
    const crashed = [
      aRecord('b1', ['a', 'b'], { evidence: anEvidence('error_runner_crashed'), filesDone: ['a'] }),
      first[1]!,
    ];
    expect(run(crashed, [anAttempt('a', 'x', 'passed')]).batches.map((b) => b.files)).toEqual([['b']]);
    const again = [
      ...crashed,
      aRecord('b3', ['b'], { stage: 2, exclusive: true, evidence: anEvidence('error_runner_crashed'), filesDone: [] }),
    ];
    expect(run(again, [], 2).batches).toEqual([]);
  });

  it('a test that its first process died before comes to its full number of tries', () => {
    const crashed = [aRecord('b1', ['a'], { evidence: anEvidence('error_runner_crashed'), filesDone: [] })];
    const again = [...crashed, aRecord('b2', ['a'], { stage: 2, exclusive: true })];
    const failed = anAttempt('a', 'x', 'failed', { attempt: 2, batch: 'b2' });
    expect(run(again, [failed], 2).batches.map((b) => [b.files, b.stage])).toEqual([[['a'], 3]]);
    const third = [...again, aRecord('b3', ['a'], { stage: 3, exclusive: true })];
    expect(run(third, [failed, { ...failed, attempt: 3, batch: 'b3' }], 3).batches).toEqual([]);
    // A rerun that dies as well is a turn too: it cannot go on for ever.
    const died = [...again, { ...crashed[0]!, batch: 'b3', stage: 3, exclusive: true }];
    expect(run(died, [failed], 3).batches).toEqual([]);
  });

  it('files whose process was killed before its reporter was loaded, but not those of a tool that ended by itself', () => {
    const of = (exit: Partial<ExitRecord>) =>
      run(
        [
          aRecord('b1', ['a'], {
            evidence: {
              ...anEvidence('error_runner_crashed'),
              reporterLoaded: false,
              exit: { ...anExit, code: null, ...exit },
            },
            filesDone: [],
          }),
        ],
        [],
      ).batches.map((b) => b.files);
    expect(of({ signal: 'SIGKILL' })).toEqual([['a']]);
    expect(of({ killed: 'orphaned' })).toEqual([['a']]);
    expect(of({ code: 2 })).toEqual([]);
  });

  it('a batch that was killed when all its files had ended, in one process, with what had failed in it', () => {
    const killed = (stage: number, exit: Partial<ExitRecord>) =>
      aRecord('b1', ['a', 'b'], {
        stage,
        evidence: { ...anEvidence('error_runner_crashed'), exit: { ...anExit, code: null, ...exit } },
      });
    const red = [anAttempt('a', 'x', 'failed'), anAttempt('b', 'y', 'passed')];
    expect(run([killed(1, { signal: 'SIGKILL' }), first[1]!], red)).toMatchObject({
      batches: [{ files: ['a', 'b'], exclusive: true, stage: 2 }],
      reason: '2 files tried again, alone',
    });
    expect(run([killed(1, { code: 134 }), first[1]!], []).batches).toEqual([]);
    expect(run([first[0]!, killed(2, { signal: 'SIGKILL' })], [], 2).batches).toEqual([]);
  });

  it('all files of a serial suite in one process', () => {
    const serial = aPlan({ b1: ['a', 'b'] });
    const settled = settle({
      plan: { ...serial, batches: serial.batches.map((b) => ({ ...b, serial: true })) },
      batches: [aRecord('b1', ['a', 'b'])],
      attempts: [anAttempt('a', 'x', 'failed'), anAttempt('b', 'y', 'failed')],
      stage: 1,
      retriesOf: () => 1,
      selectsTests: new Set(),
    });
    expect(settled.batches.map((b) => b.files)).toEqual([['a', 'b']]);
  });

  it('not what never got to its tests', () => {
    const broken = { ...anEvidence('error_no_results'), reporterLoaded: false };
    expect(run([aRecord('b1', ['a'], { evidence: broken, filesDone: [] })], []).batches).toEqual([]);
  });

  it('not what ran into its time limit: it would only take as long again', () => {
    expect(run([aRecord('b1', ['a'], { evidence: anEvidence('timeout'), filesDone: [] })], []).batches).toEqual([]);
  });

  it('nothing, when so much failed that something is broken', () => {
    const many = Array.from({ length: MAX_RERUN_FILES + 1 }, (_, i) => anAttempt(`f${i}`, 'x', 'failed'));
    expect(run(first, many)).toMatchObject({ batches: [], reason: expect.stringContaining('too many to be flaky') });
  });
});

describe('interference between batches', () => {
  const failed = anAttempt('a', 'x', 'failed');
  const alonePass = anAttempt('a', 'x', 'passed', { attempt: 2, batch: 'b3' });
  const afterAlone = [...first, aRecord('b3', ['a'], { stage: 2, exclusive: true })];

  it('runs side by side once more what failed side by side and passed alone', () => {
    const { batches } = run(afterAlone, [failed, alonePass], 2);
    expect(batches.map((b) => [b.files, b.exclusive, b.stage])).toEqual([
      [['a', 'b'], false, 3],
      [['c'], false, 3],
    ]);
  });

  it('does not, when the batches did not overlap or the suite was told how to run', () => {
    const later = [
      first[0]!,
      aRecord('b2', ['c'], { startedAt: '2026-01-01T00:01:00.000Z', endedAt: '2026-01-01T00:01:10.000Z' }),
    ];
    expect(run([...later, afterAlone[2]!], [failed, alonePass], 2).batches).toEqual([]);
    const told = aPlan({ b1: ['a', 'b'], b2: ['c'] }, [aSuite('unit', { sideBySide: true })]);
    expect(
      settle({
        plan: told,
        batches: afterAlone,
        attempts: [failed, alonePass],
        stage: 2,
        retriesOf: () => 1,
        selectsTests: new Set(),
      }).batches,
    ).toEqual([]);
  });

  const togetherAgain = [...afterAlone, aRecord('b4', ['a', 'b'], { stage: 3 }), aRecord('b5', ['c'], { stage: 3 })];
  const failedAgain = anAttempt('a', 'x', 'failed', { attempt: 3, batch: 'b4' });

  it('confirms a second failure side by side with a second pass alone', () => {
    expect(run(togetherAgain, [failed, alonePass, failedAgain], 3).batches.map((b) => [b.files, b.exclusive])).toEqual([
      [['a'], true],
    ]);
    expect(run(togetherAgain, [failed, alonePass], 3).batches).toEqual([]);
  });

  const confirmed = anAttempt('a', 'x', 'passed', { attempt: 4, batch: 'b6' });
  const afterTwo = [...togetherAgain, aRecord('b6', ['a'], { stage: 4, exclusive: true })];
  const two = [failed, alonePass, failedAgain, confirmed];

  it('asks a third time before it believes', () => {
    expect(run(afterTwo, two, 4).batches.map((b) => [b.files, b.exclusive, b.stage])).toEqual([
      [['a', 'b'], false, 5],
      [['c'], false, 5],
    ]);
    expect(interferingSuites(afterTwo, two)).toEqual([]);
  });

  it('is proved by three failures side by side with a pass alone behind each, of whichever test', () => {
    const all = [
      ...afterTwo,
      aRecord('b7', ['a', 'b'], { stage: 5 }),
      aRecord('b8', ['c'], { stage: 5 }),
      aRecord('b9', ['c'], { stage: 6, exclusive: true }),
    ];
    const third = [
      ...two,
      anAttempt('c', 'z', 'passed', { batch: 'b2' }),
      anAttempt('c', 'z', 'failed', { attempt: 5, batch: 'b8' }),
    ];
    expect(interferingSuites(all, third)).toEqual([]);
    const proved = [...third, anAttempt('c', 'z', 'passed', { attempt: 6, batch: 'b9' })];
    expect(interferingSuites(all, proved).map((f) => f.suite)).toEqual(['unit']);
    expect(run(all, proved, 6).batches).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { nextBatch, shareOf } from '../../workflows/lanes.js';
import { aBatchRef } from '../support/worker.js';

describe('lanes', () => {
  const a = aBatchRef('a');
  const alone = aBatchRef('alone', { exclusive: true });
  const serial1 = aBatchRef('s1', { suite: 'maven', serial: true });
  const serial2 = aBatchRef('s2', { suite: 'maven', serial: true });

  it('take batches in the plan’s order', () => {
    expect(nextBatch([a, serial1], [])).toBe(a);
    expect(nextBatch([], [a])).toBeUndefined();
  });

  it('never put a second batch of a serial suite beside the first', () => {
    expect(nextBatch([serial2, a], [serial1])).toBe(a);
    expect(nextBatch([serial2], [serial1])).toBeUndefined();
  });

  it('let an exclusive batch run alone', () => {
    expect(nextBatch([alone], [a])).toBeUndefined();
    expect(nextBatch([alone], [])).toBe(alone);
    expect(nextBatch([a], [alone])).toBeUndefined();
  });

  it('share the machine only among batches that can really run at the same time', () => {
    expect(shareOf(a, [serial1], [a], 2)).toBe(2);
    expect(shareOf(serial1, [serial2], [serial1], 2)).toBe(1);
    expect(shareOf(alone, [], [alone], 2)).toBe(1);
    expect(shareOf(a, [], [a], 4)).toBe(1);
  });
});

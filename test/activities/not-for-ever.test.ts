import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { notForEver } from '../../activities/to-failure.js';
import { ProjectProblem } from '../../domain/failures.js';

const failing = (attempt: number, error: Error): Promise<unknown> =>
  new MockActivityEnvironment({ attempt })
    .run(() =>
      notForEver(async () => {
        throw error;
      }),
    )
    .catch((thrown: unknown) => thrown);

describe('an activity with many attempts', () => {
  it('may be tried again after an error, until it is the fifth attempt', async () => {
    expect(await failing(4, new Error('full'))).not.toBeInstanceOf(ApplicationFailure);
    expect(await failing(5, new Error('full'))).toMatchObject({ nonRetryable: true, message: 'full' });
  });

  it('keeps the name of its failure', async () => {
    expect(await failing(5, ApplicationFailure.create({ type: 'BlockedByPolicy', message: 'no' }))).toMatchObject({
      type: 'BlockedByPolicy',
      nonRetryable: true,
    });
  });

  it.each(['Internal', 'StoreUnavailable', 'EngineUnavailable'] as const)(
    'is not ended by one answer %s after many lost runners',
    async (problem) => {
      expect(await failing(12, new ProjectProblem(problem, 'away'))).toMatchObject({
        type: problem,
        nonRetryable: false,
      });
    },
  );

  it('is cancelled as ever', async () => {
    expect(await failing(9, new CancelledFailure('CANCELLED'))).toBeInstanceOf(CancelledFailure);
  });

  it('hands on what came of it', async () => {
    expect(await new MockActivityEnvironment({ attempt: 9 }).run(() => notForEver(async () => 7))).toBe(7);
  });
});

/** When a batch goes to another attempt, and how long that waits. The engine's side: test/workflows/handed-back.int.test.ts. */
import { describe, expect, it } from 'vitest';
import { handedBack, mayFindRoom } from '../../activities/batch/entry.js';
import { toFailure } from '../../activities/to-failure.js';
import { ProjectProblem } from '../../domain/failures.js';

describe('a delay before the next attempt', () => {
  it('is never nothing: Temporal takes that for "no further attempt"', () => {
    expect(handedBack('at once', 0).nextRetryDelay).toBe(1);
    expect(handedBack('soon', 250.2).nextRetryDelay).toBe(251);
    expect(toFailure(new ProjectProblem('CodeHostUnavailable', 'Retry-After: 0', 0))).toMatchObject({
      nextRetryDelay: 1,
    });
  });
});

describe('a batch whose runner has a full disk', () => {
  it('is tried again, here or elsewhere, some times', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((fence) => mayFindRoom('limit_disk', {}, fence))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('is believed where the suite has a limit of its own, or something else happened', () => {
    expect(mayFindRoom('limit_disk', { diskMb: 10 }, 1)).toBe(false);
    expect(mayFindRoom('limit_memory', {}, 1)).toBe(false);
  });
});

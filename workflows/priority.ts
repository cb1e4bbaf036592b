/** Where a batch stands among all that wait: Temporal's own priority, and fairness between projects within one. */
import type { Priority } from '@temporalio/common';
import type { BatchRef } from '../domain/activities.js';
import type { TestRunInput } from './messages.js';

/** Longest fairness key that the server takes, in bytes. */
const MAX_KEY_BYTES = 64;

export function priorityOf(
  batch: BatchRef,
  project: string,
  { priorityKey, bySuite, fairnessWeight }: TestRunInput,
): Priority {
  return {
    priorityKey: bySuite ? (batch.priority ?? priorityKey) : priorityKey,
    fairnessKey: shortened(project),
    ...(fairnessWeight === undefined ? {} : { fairnessWeight }),
  };
}

/** Whole characters only; three bytes are the most that one of UTF-16's units takes. */
const shortened = (text: string): string =>
  /^[ -~]*$/.test(text) ? text.slice(0, MAX_KEY_BYTES) : text.slice(0, Math.floor(MAX_KEY_BYTES / 3));

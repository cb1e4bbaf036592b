import { describe, expect, it } from 'vitest';
import { type StuckFacts, stuckReason } from '../../domain/stuck.js';
import type { ActivityLook, QueueLook } from '../../domain/time-travel.js';

const NOW = Date.parse('2026-01-01T12:00:00.000Z');
const ago = (seconds: number): number => NOW - seconds * 1000;
const queue = (lastSeconds: number | null): QueueLook => ({
  name: 'baton-runner',
  pollers: lastSeconds === null ? [] : [{ identity: 'r1', lastAt: ago(lastSeconds), build: null }],
});
const activity = (change: Partial<ActivityLook> = {}): ActivityLook => ({
  type: 'runBatch',
  attempt: 1,
  started: false,
  paused: false,
  scheduledAt: ago(30),
  heartbeatAt: null,
  failure: null,
  queue: null,
  ...change,
});
const facts = (activities: ActivityLook[], queues: (QueueLook | null)[]): StuckFacts => ({
  look: { paused: false, pinnedTo: null, task: null, activities },
  taskQueue: null,
  activityQueues: queues,
  now: NOW,
});
const task = (change: object): StuckFacts => ({
  ...facts([], []),
  taskQueue: queue(1),
  look: {
    paused: false,
    pinnedTo: null,
    activities: [],
    task: { attempt: 1, started: false, scheduledAt: ago(30), failure: null, ...change },
  },
});

describe('an execution makes no progress because', () => {
  it.each([
    ['nobody polls the queue', facts([activity()], [queue(null)]), 'no_poller'],
    ['the last poller is long gone', facts([activity()], [queue(120)]), 'no_poller'],
    ['every runner is busy', facts([activity()], [queue(10)]), 'waiting_for_capacity'],
    [
      'an activity fails again and again',
      facts([activity({ attempt: 4, failure: 'disk full' })], [queue(1)]),
      'activity_failing',
    ],
    [
      'an activity fails although another one runs',
      facts([activity({ started: true }), activity({ attempt: 4, failure: 'disk full' })], [queue(1), queue(1)]),
      'activity_failing',
    ],
    [
      'its runner is lost and none is left',
      facts([activity({ attempt: 4, failure: 'Timeout' })], [queue(null)]),
      'no_poller',
    ],
    [
      'a result is too large',
      facts(
        [
          activity({
            attempt: 2,
            failure: '[TMPRL1103] Attempted to upload payloads with size that exceeded the error limit',
          }),
        ],
        [queue(1)],
      ),
      'payload_too_large',
    ],
    ['the activity is paused', facts([activity({ paused: true })], [queue(1)]), 'paused'],
    ['nobody serves workflows', { ...task({}), taskQueue: queue(null) }, 'no_poller'],
    [
      'its code has changed',
      task({
        attempt: 3,
        failure: { at: ago(50), cause: 'NON_DETERMINISTIC_ERROR', message: 'm', event: '7, ActivityTaskScheduled' },
      }),
      'nondeterminism',
    ],
    [
      'its code throws',
      task({
        attempt: 3,
        failure: { at: ago(50), cause: 'WORKFLOW_WORKER_UNHANDLED_FAILURE', message: 'boom', event: null },
      }),
      'workflow_task_failing',
    ],
  ])('%s', (_, given, reason) => {
    const stuck = stuckReason(given as StuckFacts);
    expect(stuck?.reason).toBe(reason);
    expect(stuck?.message.length).toBeGreaterThan(10);
    expect(stuck?.advice.length).toBeGreaterThan(10);
  });

  it.each([
    ['a batch runs', facts([activity({ started: true })], [queue(1)])],
    [
      'another batch waits beside one that runs',
      facts([activity({ started: true }), activity()], [queue(1), queue(10)]),
    ],
    ['it has only just begun to wait', facts([activity({ scheduledAt: ago(5) })], [queue(null)])],
    [
      'the first retry is under way',
      facts([activity({ attempt: 2, failure: 'once', scheduledAt: ago(5) })], [queue(1)]),
    ],
    ['a Workflow Task is being worked on', task({ started: true })],
  ])('— and makes progress while %s', (_, given) => {
    expect(stuckReason(given as StuckFacts)).toBeUndefined();
  });
});

/** Records the histories of `notification`; see `record.int.test.ts`. */
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONTROL_QUEUE, NUDGE_SIGNAL } from '../../domain/names.js';
import type { Admission, Attempted, NoticeActivities } from '../../domain/notify/ports.js';
import { notification } from '../../workflows/notification.js';
import { aNotice } from '../support/notify/notice.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { type Bench, openBench, workflowBundle } from '../support/worker.js';
import { keepHistory } from '../support/keep-history.js';

const SEND: Admission = { step: 'send', notices: 1 };
const DELIVERED: Attempted = { outcome: 'delivered', wake: [] };

/** What can happen to a notification: what it is answered, one after the other. */
const SHAPES: Record<string, { admissions: Admission[]; sent: Attempted[]; nudge?: boolean; state: string }> = {
  delivered: { admissions: [SEND], sent: [DELIVERED], state: 'delivered' },
  waited: { admissions: [{ step: 'wait', ms: 30, why: 'quiet hours' }, SEND], sent: [DELIVERED], state: 'delivered' },
  nudged: {
    admissions: [{ step: 'wait', ms: 3_600_000, why: 'digest' }, SEND],
    sent: [DELIVERED],
    nudge: true,
    state: 'delivered',
  },
  retried: {
    admissions: [SEND, SEND],
    sent: [
      { outcome: 'again', ms: 20, why: 'answered 503' },
      { outcome: 'delivered', wake: ['notification_gone'], tell: aNotice('channel:slack:back') },
    ],
    state: 'delivered',
  },
  refused: {
    admissions: [SEND],
    sent: [{ outcome: 'failed', why: 'answered 404', tell: aNotice('channel:slack:failing') }],
    state: 'failed',
  },
  gathered: { admissions: [{ step: 'end', state: 'gathered', why: '' }], sent: [], state: 'gathered' },
};

let server: TestTemporal;
let bench: Bench;
beforeAll(async () => {
  server = await startTemporal();
  bench = await openBench(server.address);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
});

it.each(Object.entries(SHAPES))('%s', async (shape, { admissions, sent, nudge, state }) => {
  const [asked, sends] = [[...admissions], [...sent]];
  const activities: NoticeActivities = {
    planNotice: async ({ key }) => ({ notifications: [{ id: `notification_of_${key}_${shape}`, channel: 'mail' }] }),
    admitNotification: async ({ id }) =>
      id.includes('_of_') ? { step: 'end', state: 'delivered', why: '' } : asked.shift()!,
    sendNotification: async () => sends.shift()!,
  };
  const worker = await Worker.create({
    connection: bench.connection,
    taskQueue: CONTROL_QUEUE,
    workflowBundle: await workflowBundle(),
    activities,
  });
  await worker.runUntil(async () => {
    const id = `notification_${shape}`;
    const handle = await bench.client.workflow.start(notification, {
      workflowId: id,
      taskQueue: CONTROL_QUEUE,
      args: [{ id, channel: 'slack' }],
    });
    if (nudge) {
      await expect.poll(() => asked.length).toBe(1);
      await handle.signal(NUDGE_SIGNAL);
    }
    expect(await handle.result()).toEqual({ state });
    expect([asked, sends]).toEqual([[], []]);
    await keepHistory(handle, 'notification', shape);
  });
});

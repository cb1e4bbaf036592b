/** Notices outside of workflows: first stored, then given to a workflow per channel; a start that is lost is made up for. */
import { randomUUID } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { ProjectProblem } from '../../domain/failures.js';
import { CONTROL_QUEUE, NOTIFICATION_WORKFLOW, NUDGE_SIGNAL } from '../../domain/names.js';
import type { Notice } from '../../domain/notice.js';
import type { ChannelAnswer, Notification } from '../../domain/notify/notifications.schema.js';
import { normaliseNotice } from '../../domain/notify/notice.schema.js';
import type { NotificationInput, NotificationRef, Notifier } from '../../domain/notify/ports.js';
import { channelsFor } from '../../domain/notify/routes.js';
import type { NoticeService } from '../../domain/notify/service.js';
import type { NotifySettings } from '../../domain/notify/settings.schema.js';
import type { NoticeStore } from '../../domain/notify/store.js';
import { NotFound } from '../../domain/ports.js';
import { away, webUrlOf } from '../engine/calls.js';

export interface NoticeServiceOptions {
  readonly store: NoticeStore;
  readonly client: Client;
  readonly notifiers: {
    readonly settings: NotifySettings;
    readonly channels: ReadonlyMap<string, Notifier>;
    readonly problems: ReadonlyMap<string, string>;
  };
  readonly log: { warn(fields: object, message: string): void };
  readonly webUi: string | undefined;
  readonly namespace: string;
}

const CALL_MS = 10_000;
/** A start takes milliseconds; whoever has none after so long was forgotten. */
const FORGOTTEN_AFTER_MS = 20_000;
const ATTENDED_AT_ONCE = 200;

export function noticeService(options: NoticeServiceOptions): NoticeService {
  const { store, client, notifiers, log } = options;
  const { settings } = notifiers;
  const call = <T>(work: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + CALL_MS, work);
  const shown = (found: Notification): Notification => ({
    ...found,
    webUrl: webUrlOf(options.webUi, options.namespace, found.id, null),
  });

  async function announce(given: Notice): Promise<readonly NotificationRef[]> {
    const notice = checked(given);
    const routed = channelsFor(notice, settings);
    const refs = await store.plan(notice, routed, Object.keys(settings.channels));
    for (const ref of refs) {
      try {
        await begin(ref, 'REJECT_DUPLICATE');
      } catch (error) {
        // It is stored: whoever looks for forgotten ones starts it when the server is back.
        log.warn({ err: error, id: ref.id }, 'a notification will be started later');
      }
    }
    return refs;
  }

  async function begin(ref: NotificationRef, reuse: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE'): Promise<void> {
    try {
      await call(() =>
        client.workflow.start(NOTIFICATION_WORKFLOW, {
          workflowId: ref.id,
          taskQueue: CONTROL_QUEUE,
          args: [{ id: ref.id, channel: ref.channel } satisfies NotificationInput],
          workflowIdReusePolicy: reuse,
          staticSummary: `to ${ref.channel}`,
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  async function retry(id: string): Promise<Notification> {
    const found = await store.hurry(id);
    if (found.state === 'delivered') return shown(found);
    try {
      await call(() => client.workflow.getHandle(found.id).signal(NUDGE_SIGNAL));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) return away(error);
      await begin({ id: found.id, channel: found.channel }, 'ALLOW_DUPLICATE').catch(away);
    }
    return shown(found);
  }

  return {
    announce,
    retry,
    async test(channel) {
      if (!(channel in settings.channels)) {
        const names = Object.keys(settings.channels).join(', ') || 'none';
        throw new NotFound(`The settings have no channel called ${channel}; there are: ${names}.`);
      }
      const [ref] = await announce(testNotice(channel));
      const found = ref && (await store.notification(ref.id));
      if (!found) throw new Error(`the notification for ${channel} was not stored`);
      return shown(found);
    },
    notification: async (id) => {
      const found = await store.notification(id);
      return found && shown(found);
    },
    notifications: async (query) => {
      const { items, nextCursor } = await store.notifications(query);
      return { items: items.map(shown), nextCursor };
    },
    notices: async (query) => ({ items: await store.notices(query) }),
    channels: async () => {
      const states = await store.channels();
      return Object.entries(settings.channels).map(([name, { kind }]): ChannelAnswer => {
        const state = states.find((each) => each.name === name);
        const problem = notifiers.problems.get(name) ?? state?.problem ?? null;
        return {
          name,
          kind,
          where: notifiers.channels.get(name)?.where ?? '',
          state: notifiers.problems.has(name) ? 'unusable' : problem ? 'failing' : state?.deliveredAt ? 'ok' : 'unused',
          problem,
          waiting: state?.waiting ?? 0,
          deliveredAt: state?.deliveredAt ?? null,
        };
      });
    },
    async attend() {
      for (const ref of await store.unattended(FORGOTTEN_AFTER_MS, ATTENDED_AT_ONCE))
        await begin(ref, 'ALLOW_DUPLICATE');
    },
  };
}

function checked(notice: Notice): Notice {
  try {
    return normaliseNotice(notice);
  } catch (error) {
    throw new ProjectProblem('ConfigInvalid', (error as Error).message);
  }
}

const testNotice = (channel: string): Notice => ({
  key: `channel-test:${channel}:${randomUUID()}`,
  kind: 'channel_test',
  severity: 'info',
  project: '',
  title: `Baton can reach ${channel}`,
  text: 'Somebody has asked for this message to try the channel. Nothing has happened.',
  group: `channel-test:${channel}`,
  links: [],
  data: { channel },
  channels: [channel],
});

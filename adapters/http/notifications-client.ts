/** Notifications and channels over the HTTP API. Refusals are `HttpProblem`s. */
import type { z } from 'zod';
import {
  ChannelList,
  Notification,
  NotificationPage,
  type NotificationsQuery,
} from '../../domain/notify/notifications.schema.js';
import { parsedBy, posted } from './json.js';
import { request, type WireOptions } from './request.js';

export interface NotificationsClient {
  list(
    query: { readonly [K in keyof NotificationsQuery]?: NotificationsQuery[K] | undefined },
  ): Promise<NotificationPage>;
  get(id: string): Promise<Notification>;
  /** Safe to repeat: what is on its way already is not sent twice. */
  retry(id: string): Promise<Notification>;
  channels(): Promise<ChannelList>;
  test(channel: string): Promise<Notification>;
}

/** People wait for it. */
const GIVE_UP_AFTER_MS = 15_000;

export function notificationsClient(options: WireOptions): NotificationsClient {
  const wire: WireOptions = { giveUpAfterMs: GIVE_UP_AFTER_MS, ...options };
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> => request(wire, { path, read: parsedBy(schema) });
  const one = (id: string): string => `/api/notifications/${encodeURIComponent(id)}`;
  return {
    list(query) {
      const given = Object.entries(query).filter(([, value]) => value !== undefined);
      const text = new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString();
      return get(`/api/notifications${text === '' ? '' : `?${text}`}`, NotificationPage);
    },
    get: (id) => get(one(id), Notification),
    retry: (id) => request(wire, { ...posted(`${one(id)}/retry`, {}), read: parsedBy(Notification) }),
    channels: () => get('/api/notifications/channels', ChannelList),
    test: (channel) =>
      request(wire, { ...posted('/api/notifications/test', { channel }), read: parsedBy(Notification) }),
  };
}

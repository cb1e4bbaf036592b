/** Notices: the channels of the settings, their activities, and a way to announce from outside of a workflow. */
import { createNotifyActivities, type Notifiers, type NotifyDeps } from '../../activities/notify.js';
import { noticeService } from '../../api/notifications/notices.js';
import type { NoticeService } from '../../domain/notify/service.js';
import { NotifySettings } from '../../domain/notify/settings.schema.js';
import { openCodeHosts } from './code-hosts.js';
import type { Base, Feature } from './feature.js';
import { openChannels } from './notify-channels.js';

/** How often notifications that no workflow has looked at are looked for. */
const UNATTENDED_MS = 15_000;

export function notifyFeature(base: Base): Feature {
  const { ledger, log } = base;
  const deps: NotifyDeps = { store: ledger.notices, effects: ledger.effects, notifiers: notifiersOf(base), log };
  const service = announcerOf(base);
  return {
    activities: createNotifyActivities(deps),
    api: { notices: service },
    watches: [{ ms: UNATTENDED_MS, what: 'looking for notifications that nobody tends', work: () => service.attend() }],
  };
}

const services = new WeakMap<object, NoticeService>();

/** For capabilities that announce from outside of a workflow. One for each control process. */
export function announcerOf(base: Base): NoticeService {
  const { ledger, client, settings, log } = base;
  const known = services.get(ledger);
  if (known) return known;
  const made = noticeService({
    store: ledger.notices,
    client,
    notifiers: notifiersOf(base),
    log,
    webUi: settings.webUi,
    namespace: settings.namespace,
  });
  services.set(ledger, made);
  return made;
}

const opened = new WeakMap<object, Notifiers>();

function notifiersOf({ ledger, installation, secrets, settings, log }: Base): Notifiers {
  const known = opened.get(ledger);
  if (known) return known;
  const made = openChannels(withSlackOfEnvironment(installation.notify, settings.environment), {
    secrets,
    hosts: openCodeHosts(settings, installation, secrets),
  });
  for (const [channel, problem] of made.problems) log.warn({ channel, problem }, 'a channel cannot be used');
  opened.set(ledger, made);
  return made;
}

/** `SLACK_WEBHOOK_URL` alone is enough for a channel `slack`. */
function withSlackOfEnvironment(
  given: NotifySettings | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): NotifySettings {
  const settings = given ?? (NotifySettings.parse({}) as NotifySettings);
  const has = Object.values(settings.channels).some(({ kind }) => kind === 'slack');
  if (has || 'slack' in settings.channels || !environment['SLACK_WEBHOOK_URL']) return settings;
  return {
    ...settings,
    channels: { ...settings.channels, slack: { kind: 'slack', webhook: { env: 'SLACK_WEBHOOK_URL' } } },
  };
}

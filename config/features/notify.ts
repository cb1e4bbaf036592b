/** Notices: the channels of the settings, their activities, and a way to announce from outside of a workflow. */
import { createNotifyActivities } from '../../activities/notify.js';
import { noticeService } from '../../api/notifications/notices.js';
import { NotifySettings } from '../../domain/notify/settings.schema.js';
import type { Base, Feature } from './feature.js';
import { openChannels } from './notify-channels.js';

/** How often notifications that no workflow has looked at are looked for. */
const UNATTENDED_MS = 15_000;

export function notifyFeature({ ledger, log, notifiers, notices }: Base): Feature {
  return {
    activities: createNotifyActivities({ store: ledger.notices, effects: ledger.effects, notifiers, log }),
    api: { notices },
    watches: [{ ms: UNATTENDED_MS, what: 'looking for notifications that nobody tends', work: () => notices.attend() }],
  };
}

/** The channels of the settings, and the way to announce from outside of a workflow. */
export function openNotices(
  base: Pick<Base, 'ledger' | 'client' | 'settings' | 'log' | 'installation' | 'secrets' | 'hosts'>,
): Pick<Base, 'notifiers' | 'notices'> {
  const { ledger, client, settings, log, installation, secrets, hosts } = base;
  const notifiers = openChannels(withSlackOfEnvironment(installation.notify, settings.environment), { secrets, hosts });
  for (const [channel, problem] of notifiers.problems) log.warn({ channel, problem }, 'a channel cannot be used');
  const { webUi, namespace } = settings;
  return { notifiers, notices: noticeService({ store: ledger.notices, client, notifiers, log, webUi, namespace }) };
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

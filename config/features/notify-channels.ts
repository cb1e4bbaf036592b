/** Opens the channels of the settings, each with its secrets read. */
import { readFileSync } from 'node:fs';
import type { Notifiers } from '../../activities/notify.js';
import { createEgress, type Egress } from '../../adapters/egress/egress.js';
import { emailNotifier } from '../../adapters/notifiers/email.js';
import { discordNotifier } from '../../adapters/notifiers/discord.js';
import { issueNotifier } from '../../adapters/notifiers/issue.js';
import { jiraNotifier } from '../../adapters/notifiers/jira.js';
import { pagerDutyNotifier } from '../../adapters/notifiers/pagerduty.js';
import { slackBotNotifier, slackWebhookNotifier } from '../../adapters/notifiers/slack.js';
import { teamsNotifier } from '../../adapters/notifiers/teams.js';
import { webhookNotifier } from '../../adapters/notifiers/webhook.js';
import type { CodeHosts } from '../../domain/code-host.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Notifier } from '../../domain/notify/ports.js';
import type { ChannelSettings, NotifySettings } from '../../domain/notify/settings.schema.js';
import type { Secret } from '../../domain/secret.schema.js';
import type { Secrets } from '../installation.js';

export interface ChannelSources {
  readonly secrets: Secrets;
  readonly hosts: CodeHosts | undefined;
}

/** A channel that lacks a secret is left out, and said so: the others are not to suffer for it. */
export function openChannels(settings: NotifySettings, sources: ChannelSources): Notifiers {
  const egress = createEgress({ allowPrivate: settings.allowPrivate });
  const channels = new Map<string, Notifier>();
  const problems = new Map<string, string>();
  for (const [name, channel] of Object.entries(settings.channels)) {
    try {
      channels.set(name, open(channel, `notify.channels.${name}`, egress, sources));
    } catch (error) {
      problems.set(name, (error as Error).message);
    }
  }
  return { settings, channels, problems };
}

function open(channel: ChannelSettings, where: string, egress: Egress, { secrets, hosts }: ChannelSources): Notifier {
  const read = (secret: Secret, key: string): string => secrets(secret, `${where}.${key}`).trim();
  const maybe = (secret: Secret | undefined, key: string): string | undefined => secret && read(secret, key);
  switch (channel.kind) {
    case 'email':
      return emailNotifier({
        ...channel,
        ca: channel.ca === undefined ? undefined : readFileSync(channel.ca, 'utf8'),
        user: maybe(channel.user, 'user'),
        password: maybe(channel.password, 'password'),
      });
    case 'slack':
      return channel.token
        ? slackBotNotifier(
            { token: read(channel.token, 'token'), channel: channel.channel ?? '', apiUrl: channel.apiUrl },
            egress,
          )
        : slackWebhookNotifier(address(read(channel.webhook!, 'webhook'), `${where}.webhook`), egress);
    case 'teams':
      return teamsNotifier(address(read(channel.webhook, 'webhook'), `${where}.webhook`), egress);
    case 'discord':
      return discordNotifier(address(read(channel.webhook, 'webhook'), `${where}.webhook`), egress);
    case 'webhook': {
      const url = typeof channel.url === 'string' ? channel.url : read(channel.url, 'url');
      const keys = [maybe(channel.secret, 'secret'), maybe(channel.oldSecret, 'oldSecret')];
      return webhookNotifier(
        { url: address(url, `${where}.url`), secrets: keys.filter((key) => key !== undefined) },
        egress,
      );
    }
    case 'pagerduty':
      return pagerDutyNotifier({ routingKey: read(channel.routingKey, 'routingKey'), url: channel.url }, egress);
    case 'jira':
      return jiraNotifier(
        { ...channel, user: channel.user, doneTransition: channel.doneTransition, token: read(channel.token, 'token') },
        egress,
      );
    case 'issue': {
      const host = hosts?.(channel.repository);
      if (!host) throw new Error(`${where}.repository: no code host of the settings has ${channel.repository}.`);
      return issueNotifier({ host, labels: channel.labels });
    }
  }
}

function address(url: string, where: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new ProjectProblem(
    'ConfigInvalid',
    `${where}: what the environment holds is no address that begins with https://.`,
  );
}

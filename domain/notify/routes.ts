/** Who hears of a notice. */
import type { Notice } from '../notice.js';
import type { ChannelKind, NotifySettings, Route } from './settings.schema.js';

/** What a channel hears where no routes are given. Incidents and issues are opened for trouble only. */
const LOUD: Readonly<Record<ChannelKind, readonly Notice['severity'][]>> = {
  email: ['info', 'warning', 'critical'],
  slack: ['info', 'warning', 'critical'],
  teams: ['info', 'warning', 'critical'],
  discord: ['info', 'warning', 'critical'],
  webhook: ['info', 'warning', 'critical'],
  pagerduty: ['critical'],
  jira: ['warning', 'critical'],
  issue: ['warning', 'critical'],
};

/** Channels that keep something open until it is resolved. */
export const KEEPS_OPEN: ReadonlySet<ChannelKind> = new Set(['pagerduty', 'jira', 'issue']);

export interface Heard {
  readonly channels: readonly string[];
  /** Asked for by the notice, and not in the settings. */
  readonly unknown: readonly string[];
}

/** Names of channels, each once, in the order of the settings. */
export function channelsFor(notice: Notice, settings: Pick<NotifySettings, 'channels' | 'routes'>): Heard {
  const wanted = notice.channels ?? routed(notice, settings);
  // A channel that refuses everything is not told so itself.
  const broken = notice.kind === 'channel_failed' ? notice.data['channel'] : undefined;
  const all = Object.entries(settings.channels);
  const channels = all
    .filter(([name, { kind }]) => wanted.includes(name) || (wanted.includes(kind) && !(kind in settings.channels)))
    .map(([name]) => name)
    .filter((name) => name !== broken);
  const unknown = wanted.filter(
    (name) => name !== 'dashboard' && !all.some(([known, { kind }]) => known === name || kind === name),
  );
  return { channels, unknown };
}

function routed(notice: Notice, { channels, routes }: Pick<NotifySettings, 'channels' | 'routes'>): string[] {
  if (routes) return routes.filter((route) => fits(route, notice)).flatMap((route) => route.channels);
  return Object.entries(channels)
    .filter(([, { kind }]) => LOUD[kind].includes(notice.severity) || (notice.resolves && KEEPS_OPEN.has(kind)))
    .map(([name]) => name);
}

function fits({ kinds, severities, projects }: Route, notice: Notice): boolean {
  return (
    (kinds?.includes(notice.kind) ?? true) &&
    (severities?.includes(notice.severity) ?? true) &&
    (projects?.some((pattern) => matches(pattern, notice.project)) ?? true)
  );
}

/** `*` stands for any characters. Takes the first place for each part, so that no pattern takes long. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === text;
  const [first, last] = [parts[0]!, parts.at(-1)!];
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

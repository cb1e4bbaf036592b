/** A notice in words, before a channel gives it a form. */
import type { Notice, NoticeKind } from '../notice.js';
import { type Block, literal, parseMarkdown } from './markdown.js';
import type { NotifySettings, Severity } from './settings.schema.js';
import { parseTemplate, renderLine, renderMarkdown } from './template.js';
import { BUILT_IN_TEMPLATES, type TemplateSource } from './variables.js';

export interface Message {
  /** The same however often it is sent: what receivers tell a repetition by. */
  readonly id: string;
  readonly kind: NoticeKind;
  readonly severity: Severity;
  readonly project: string;
  readonly group: string;
  readonly resolves: boolean;
  /** One line without control characters. */
  readonly title: string;
  readonly body: readonly Block[];
  readonly links: Notice['links'];
  readonly data: Notice['data'];
  /** People the matter belongs to; nobody has checked these addresses. */
  readonly to: readonly string[];
  /** When the notice came, in ISO 8601. */
  readonly time: string;
  /** Keys of the notices it tells of, this one's first. */
  readonly keys: readonly string[];
}

export interface TimedNotice {
  readonly notice: Notice;
  readonly time: string;
}

export const LIMITS = { title: 200, text: 6_000, gathered: 50, listed: 20 } as const;

/** One notice gives one message; several are listed in one. */
export function messageOf(
  id: string,
  notices: readonly [TimedNotice, ...TimedNotice[]],
  settings: Pick<NotifySettings, 'templates'>,
): Message {
  const [{ notice, time }] = notices;
  const words = notices.length === 1 ? single(notice, time, settings) : gathered(notices, settings);
  return {
    id,
    kind: notice.kind,
    severity: worst(notices.map((each) => each.notice.severity)),
    project: notice.project,
    group: notice.group,
    resolves: notices.every((each) => each.notice.resolves ?? false),
    links: notices.length === 1 ? notice.links.slice(0, 10) : [],
    data: notices.length === 1 ? notice.data : {},
    to: [...new Set(notices.flatMap((each) => each.notice.to ?? []))],
    time,
    keys: notices.map((each) => each.notice.key),
    ...words,
  };
}

function single(notice: Notice, time: string, settings: Pick<NotifySettings, 'templates'>) {
  const template = templateFor(notice, settings);
  const values = {
    ...notice.data,
    title: notice.title,
    text: notice.text,
    project: notice.project,
    kind: notice.kind,
    severity: notice.severity,
    group: notice.group,
    url: notice.links[0]?.url ?? '',
    time,
  };
  const text = renderMarkdown(parseTemplate(template.text), values, new Set(['text']));
  return {
    title: oneLine(renderLine(parseTemplate(template.title), values)),
    body: parseMarkdown(cut(clean(text), LIMITS.text), linksOf(notice)),
  };
}

function gathered(notices: readonly TimedNotice[], settings: Pick<NotifySettings, 'templates'>) {
  const lines = notices.slice(0, LIMITS.listed).map(({ notice, time }) => {
    const { title } = single(notice, time, settings);
    const url = notice.links[0]?.url;
    const more = url === undefined ? '' : ` [${literal(notice.links[0]!.label)}](${url})`;
    return `- **${notice.severity}** ${literal(title)}${more}`;
  });
  const rest = notices.length - lines.length;
  if (rest > 0) lines.push(`- and ${rest} more`);
  const severities = (['critical', 'warning', 'info'] as const)
    .map((severity) => ({ severity, n: notices.filter((each) => each.notice.severity === severity).length }))
    .filter(({ n }) => n > 0)
    .map(({ severity, n }) => `${n} ${severity}`);
  return {
    title: `${notices.length} notices: ${severities.join(', ')}`,
    body: parseMarkdown(lines.join('\n'), (url) => notices.some(({ notice }) => linksOf(notice)(url))),
  };
}

function templateFor(notice: Notice, { templates }: Pick<NotifySettings, 'templates'>): TemplateSource {
  const own = notice.template !== undefined ? templates[notice.template] : undefined;
  return own ?? templates[notice.kind] ?? BUILT_IN_TEMPLATES[notice.kind];
}

/** Only addresses that the notice itself names become links: a test's name must not bring its own. */
const linksOf =
  (notice: Notice) =>
  (url: string): boolean =>
    notice.links.some((link) => link.url === url);

function worst(severities: readonly Severity[]): Severity {
  return (['critical', 'warning'] as const).find((each) => severities.includes(each)) ?? 'info';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Without control characters, and without those that turn the direction of text or hide in it. */
export const clean = (text: string): string => text.replace(/\r\n?/g, '\n').replace(CONTROL, '').toWellFormed();

export const oneLine = (text: string): string => cut(clean(text).replace(/\s+/g, ' ').trim(), LIMITS.title);

export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}

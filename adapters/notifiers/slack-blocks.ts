/** A message as Block Kit: rich text, whose elements Slack shows as they are, so that nothing in it can mention or format. */
import type { Block, Inline } from '../../domain/notify/markdown.js';
import { cut, type Message } from '../../domain/notify/message.js';

const SIGNS = { info: '🔵', warning: '🟠', critical: '🔴', over: '🟢' } as const;

export interface SlackPayload {
  /** For notifications on a phone, where blocks are not shown. Slack reads it as its own markup. */
  readonly text: string;
  readonly blocks: readonly object[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

export function slackPayload(message: Message): SlackPayload {
  const sign = message.resolves ? SIGNS.over : SIGNS[message.severity];
  const title = `${sign} ${message.title}`;
  const links = message.links.slice(0, 5).map(({ label, url }, n) => ({
    type: 'button',
    text: { type: 'plain_text', text: cut(label === '' ? url : label, 75), emoji: false },
    url,
    action_id: `open-${n}`,
  }));
  const facts = `${message.project} · ${message.kind} · ${message.id}`;
  return {
    text: cut(escapeSlack(title), 3_000),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(title, 150), emoji: false } },
      ...(message.body.length === 0 ? [] : [{ type: 'rich_text', elements: message.body.flatMap(element) }]),
      ...(links.length === 0 ? [] : [{ type: 'actions', elements: links }]),
      { type: 'context', elements: [{ type: 'plain_text', text: cut(facts, 300), emoji: false }] },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** The three characters that Slack's markup is made of: without them there is no mention, link or channel. */
export const escapeSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function element(block: Block): object[] {
  if (block.type === 'code')
    return block.text === ''
      ? []
      : [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: block.text }] }];
  if (block.type === 'list')
    return [{ type: 'rich_text_list', style: 'bullet', elements: block.items.map((item) => section(item)) }];
  return block.inlines.length === 0 ? [] : [section([...block.inlines, { type: 'text', text: '\n' }])];
}

const section = (inlines: readonly Inline[]): object => ({
  type: 'rich_text_section',
  elements: inlines.length === 0 ? [{ type: 'text', text: ' ' }] : inlines.map(inline),
});

function inline(part: Inline): object {
  if (part.type === 'link') return { type: 'link', text: part.text, url: part.url };
  const style = { ...(part.strong ? { bold: true } : {}), ...(part.code ? { code: true } : {}) };
  return { type: 'text', text: part.text, ...(Object.keys(style).length === 0 ? {} : { style }) };
}

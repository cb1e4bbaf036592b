/** A message as Jira wants it: a document (Cloud, API 3) or wiki markup (a server of one's own, API 2). */
import type { Block, Inline } from '../../domain/notify/markdown.js';
import type { Message } from '../../domain/notify/message.js';

export function jiraText(message: Message, api: 2 | 3): unknown {
  return api === 3 ? document(message) : markup(message);
}

/** Found again in an issue, so that nothing is written twice. */
const marker = (message: Message): string => `Baton ${message.id}`;

const paragraph = (content: object[]) => ({ type: 'paragraph', content });
const text = (value: string, marks: object[] = []) => ({
  type: 'text',
  text: value,
  ...(marks.length === 0 ? {} : { marks }),
});
const link = (label: string, href: string) => text(label === '' ? href : label, [{ type: 'link', attrs: { href } }]);

function document(message: Message) {
  const links = message.links.map(({ label, url }) => paragraph([link(label, url)]));
  return {
    type: 'doc',
    version: 1,
    content: [...message.body.flatMap(node), ...links, paragraph([text(marker(message), [{ type: 'em' }])])],
  };
}

function node(block: Block): object[] {
  if (block.type === 'code') return block.text === '' ? [] : [{ type: 'codeBlock', content: [text(block.text)] }];
  if (block.type === 'paragraph') return block.inlines.length === 0 ? [] : [paragraph(block.inlines.flatMap(inline))];
  const items = block.items.filter((item) => item.length > 0);
  return [
    {
      type: 'bulletList',
      content: items.map((item) => ({ type: 'listItem', content: [paragraph(item.flatMap(inline))] })),
    },
  ];
}

function inline(part: Inline): object[] {
  if (part.text === '') return [];
  if (part.type === 'link') return [link(part.text, part.url)];
  if (part.code) return [text(part.text, [{ type: 'code' }])];
  return [text(part.text, part.strong ? [{ type: 'strong' }] : [])];
}

/** Wiki markup with every character escaped that could mean something. */
function markup(message: Message): string {
  const links = message.links.map(({ label, url }) => `[${wiki(label)}|${url.replace(/[|\]]/g, encodeURIComponent)}]`);
  return [...message.body.map(wikiBlock), ...links, wiki(marker(message))].join('\n\n');
}

function wikiBlock(block: Block): string {
  if (block.type === 'code') return `{noformat}\n${block.text.replaceAll('{noformat}', '{ noformat}')}\n{noformat}`;
  if (block.type === 'list') return block.items.map((item) => `* ${wikiInlines(item)}`).join('\n');
  return wikiInlines(block.inlines);
}

const wikiInlines = (parts: readonly Inline[]): string =>
  parts.map((part) => (part.type === 'text' && part.strong ? `*${wiki(part.text)}*` : wiki(part.text))).join('');

const wiki = (value: string): string => value.replace(/[\\{}[\]*_\-+^~|!#?@(]/g, '\\$&');

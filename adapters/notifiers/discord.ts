/** Discord by a webhook: one embed. Nothing in it can mention anybody. A webhook cannot be asked what it has posted. */
import type { Block, Inline } from '../../domain/notify/markdown.js';
import { cut, type Message } from '../../domain/notify/message.js';
import type { Notifier } from '../../domain/notify/ports.js';
import type { Egress } from '../egress/egress.js';
import { ask, json } from './vendor.js';

const COLORS = { info: 0x2f7de1, warning: 0xe1a12f, critical: 0xd13438, over: 0x2e9e5b } as const;

export function discordNotifier(webhook: string, egress: Egress): Notifier {
  const url = new URL(webhook);
  url.searchParams.set('wait', 'true');
  return {
    kind: 'discord',
    gathers: true,
    where: url.host,
    async send(message) {
      const answer = await ask(egress, { url: url.href, json: discordPayload(message) }, [webhook, url.pathname]);
      return { reference: json<{ id?: string }>(answer, 'Discord').id ?? null };
    },
  };
}

export function discordPayload(message: Message) {
  const links = message.links.map(({ label, url }) => `[${plainly(label)}](${address(url)})`).join(' · ');
  const text = message.body.map(block).join('\n\n');
  return {
    username: 'Baton',
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: cut(plainly(message.title), 256),
        description: cut(text, 3_500) + (links === '' ? '' : `\n\n${cut(links, 500)}`),
        color: message.resolves ? COLORS.over : COLORS[message.severity],
        timestamp: message.time,
        footer: { text: cut(`${message.project} · ${message.kind} · ${message.id}`, 2_048) },
      },
    ],
  };
}

function block(part: Block): string {
  if (part.type === 'paragraph') return inlines(part.inlines);
  if (part.type === 'list') return part.items.map((item) => `- ${inlines(item)}`).join('\n');
  return `\`\`\`\n${part.text.replaceAll('`', 'ˋ')}\n\`\`\``;
}

function inlines(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      if (part.type === 'link') return `[${plainly(part.text)}](${address(part.url)})`;
      if (part.code) return `\`${part.text.replaceAll('`', 'ˋ')}\``;
      return part.strong ? `**${plainly(part.text)}**` : plainly(part.text);
    })
    .join('');
}

/** A zero-width space after `@` and `<` keeps them from being read as mentions, whatever follows. */
const plainly = (text: string): string => text.replace(/[\\`*_~|>#[\]()-]/g, '\\$&').replace(/[@<]/g, '$&\u200b');

const address = (url: string): string => url.replaceAll('(', '%28').replaceAll(')', '%29');

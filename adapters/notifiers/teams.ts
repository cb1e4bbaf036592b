/**
 * Microsoft Teams by a Workflows webhook: an Adaptive Card of text runs, which Teams shows as they are and does not read
 * as Markdown. The webhook answers 202 and cannot be asked what it has posted.
 */
import type { Block, Inline } from '../../domain/notify/markdown.js';
import { cut, type Message } from '../../domain/notify/message.js';
import type { Notifier } from '../../domain/notify/ports.js';
import type { Egress } from '../egress/egress.js';
import { ask } from './vendor.js';

const COLORS = { info: 'accent', warning: 'warning', critical: 'attention' } as const;

export function teamsNotifier(webhook: string, egress: Egress): Notifier {
  const url = new URL(webhook);
  return {
    kind: 'teams',
    gathers: true,
    where: url.host,
    async send(message) {
      await ask(egress, { url: webhook, json: teamsPayload(message) }, [
        webhook,
        url.search.slice(1),
        url.searchParams.get('sig') ?? '',
      ]);
      return { reference: null };
    },
  };
}

interface Run {
  readonly type: 'TextRun';
  readonly text: string;
  readonly [style: string]: unknown;
}

export function teamsPayload(message: Message) {
  const color = message.resolves ? 'good' : COLORS[message.severity];
  const facts = `${message.project} · ${message.kind} · ${message.severity} · ${message.id}`;
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          fallbackText: cut(message.title, 200),
          body: [
            lines([run(message.title, { weight: 'bolder', size: 'large', color })]),
            ...message.body.flatMap(block),
            lines([run(facts, { isSubtle: true, size: 'small' })]),
          ],
          actions: message.links.slice(0, 6).map(({ label, url }) => ({
            type: 'Action.OpenUrl',
            title: label,
            url,
          })),
        },
      },
    ],
  };
}

const lines = (inlines: readonly Run[]) => ({ type: 'RichTextBlock', inlines });

const run = (text: string, style: Readonly<Record<string, unknown>> = {}): Run => ({ type: 'TextRun', text, ...style });

function block(part: Block) {
  if (part.type === 'paragraph') return part.inlines.length === 0 ? [] : [lines(part.inlines.map(inline))];
  if (part.type === 'list') return part.items.map((item) => lines([run('• '), ...item.map(inline)]));
  return [lines([run(part.text, { fontType: 'monospace' })])];
}

function inline(part: Inline): Run {
  if (part.type === 'link')
    return run(part.text, { selectAction: { type: 'Action.OpenUrl', url: part.url }, underline: true });
  if (part.code) return run(part.text, { fontType: 'monospace' });
  return run(part.text, part.strong ? { weight: 'bolder' } : {});
}

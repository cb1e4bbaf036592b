/** One issue on GitHub or GitLab for each matter, kept by the code host under a marker; closed when it is over. */
import { createHash } from 'node:crypto';
import type { CodeHost } from '../../domain/code-host.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Block, Inline } from '../../domain/notify/markdown.js';
import type { Message } from '../../domain/notify/message.js';
import { NotDelivered, type Notifier } from '../../domain/notify/ports.js';

export interface IssueOptions {
  readonly host: CodeHost;
  readonly labels: readonly string[];
}

export const matterMarker = (group: string): string =>
  `baton-matter-${createHash('sha256').update(group).digest('hex').slice(0, 24)}`;

export function issueNotifier({ host, labels }: IssueOptions): Notifier {
  return {
    kind: 'issue',
    gathers: false,
    where: `${host.kind} ${host.repository}`,
    async send(message, thread) {
      const marker = matterMarker(message.group);
      try {
        if (message.resolves) {
          await host.closeIssue(marker, issueText(message));
          return { reference: thread, thread: null };
        }
        const { url } = await host.issue(marker, {
          title: escapeMarkdown(message.title),
          body: issueText(message),
          labels,
        });
        return { reference: url, thread: url };
      } catch (error) {
        throw meaning(error);
      }
    },
  };
}

function meaning(error: unknown): unknown {
  if (!(error instanceof ProjectProblem)) return error;
  const { problem, message, retryAfterMs } = error;
  if (problem === 'CodeHostRefused') return new NotDelivered(message, 'refused');
  // Its requests are made so that they find what they did before: nothing is ever in doubt.
  return new NotDelivered(message, 'again', retryAfterMs);
}

export function issueText(message: Message): string {
  const links = message.links.map(({ label, url }) => `[${escapeMarkdown(label)}](${url.replaceAll(')', '%29')})`);
  return [...message.body.map(block), links.join(' · '), `<sub>Baton ${message.id}</sub>`]
    .filter((part) => part !== '')
    .join('\n\n');
}

function block(part: Block): string {
  if (part.type === 'paragraph') return inlines(part.inlines);
  if (part.type === 'list') return part.items.map((item) => `- ${inlines(item)}`).join('\n');
  const longest = Math.max(2, ...(part.text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${part.text}\n${fence}`;
}

function inlines(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      if (part.type === 'link') return `[${escapeMarkdown(part.text)}](${part.url.replaceAll(')', '%29')})`;
      if (part.code) return `\`${part.text.replaceAll('`', 'ˋ')}\``;
      return part.strong ? `**${escapeMarkdown(part.text)}**` : escapeMarkdown(part.text);
    })
    .join('');
}

/** Neither markup nor HTML, and no word that notifies somebody, links to an issue or closes one. */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(/[\\`*_~|>[\](){}!#+-]/g, '\\$&')
    .replaceAll('<', '&lt;')
    .replace(/@(?=\w)/g, '@\u200b')
    .replace(/\\#(?=\d)/g, '\\#\u200b')
    .replace(/\b(GH-)(?=\d)/gi, '$1\u200b')
    .replace(/(https?:\/\/)/gi, (scheme) => scheme.replace(':', ':\u200b'));

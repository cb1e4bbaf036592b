/** The HTML part of an e-mail: one table, inline styles, no images and nothing that is fetched. */
import type { Block, Inline } from '../../domain/notify/markdown.js';
import type { Message } from '../../domain/notify/message.js';

const COLORS = { info: '#2f7de1', warning: '#b37400', critical: '#c62828', over: '#1e7e45' } as const;

export function emailHtml(message: Message): string {
  const color = message.resolves ? COLORS.over : COLORS[message.severity];
  const links = message.links
    .map(({ label, url }) => `<a href="${escapeHtml(url)}" style="color:#0b57d0">${escapeHtml(label)}</a>`)
    .join(' &nbsp; ');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(message.title)}</title></head>
<body style="margin:0;padding:16px;background:#f5f6f8;font:15px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#1c1e21">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:640px;margin:0 auto;background:#ffffff;border-top:4px solid ${color}"><tr><td style="padding:20px 24px">
<h1 style="margin:0 0 12px;font-size:19px;line-height:1.3">${escapeHtml(message.title)}</h1>
${message.body.map(block).join('\n')}
${links === '' ? '' : `<p style="margin:16px 0 0">${links}</p>`}
<p style="margin:20px 0 0;font-size:12px;color:#65676b">${escapeHtml(`${message.project} · ${message.kind} · ${message.severity} · ${message.id}`)}</p>
</td></tr></table>
</body></html>
`;
}

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

function block(part: Block): string {
  if (part.type === 'paragraph') return `<p style="margin:0 0 12px">${inlines(part.inlines)}</p>`;
  if (part.type === 'list')
    return `<ul style="margin:0 0 12px;padding-left:20px">${part.items.map((item) => `<li>${inlines(item)}</li>`).join('')}</ul>`;
  return `<pre style="margin:0 0 12px;padding:10px;background:#f0f2f5;white-space:pre-wrap">${escapeHtml(part.text)}</pre>`;
}

function inlines(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      const text = escapeHtml(part.text).replaceAll('\n', '<br>');
      if (part.type === 'link') return `<a href="${escapeHtml(part.url)}" style="color:#0b57d0">${text}</a>`;
      if (part.code) return `<code style="background:#f0f2f5">${text}</code>`;
      return part.strong ? `<strong>${text}</strong>` : text;
    })
    .join('');
}

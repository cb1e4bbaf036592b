/** What strangers wrote is shown by every medium as it is: no mention, no link, no markup, no second header. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { discordPayload } from '../../../adapters/notifiers/discord.js';
import { recipients } from '../../../adapters/notifiers/email.js';
import { emailHtml } from '../../../adapters/notifiers/email-html.js';
import { issueText } from '../../../adapters/notifiers/issue.js';
import { jiraText } from '../../../adapters/notifiers/jira-text.js';
import { dedupKey, pagerDutyEvent } from '../../../adapters/notifiers/pagerduty.js';
import { slackPayload } from '../../../adapters/notifiers/slack-blocks.js';
import { teamsPayload } from '../../../adapters/notifiers/teams.js';
import { retryAfterMs } from '../../../adapters/notifiers/vendor.js';
import { webhookNotifier } from '../../../adapters/notifiers/webhook.js';
import { literal } from '../../../domain/notify/markdown.js';
import { type Message, messageOf } from '../../../domain/notify/message.js';
import { normaliseNotice } from '../../../domain/notify/notice.schema.js';
import { aNotice } from '../../support/notify/notice.js';

const HOSTILE = [
  '<!channel> <!here> <@U123> <https://evil.example|click>',
  '@everyone @here <@&123> <#456>',
  '**bold** [click](https://evil.example) ![x](https://evil.example/p.png)',
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '"><a href="javascript:alert(1)">x</a>',
  '{{constructor}} {{title}} {noformat} h1. x [evil|https://evil.example]',
  'closes #1 fixes GH-2 @octocat `code` ```',
  'a\r\nBcc: victim@example.org\r\n\r\nbody',
  '\u202eevil\u200b\u0007\u001b[31mred',
];

/** The same text where a title, a template's value, prepared Markdown and a label may hold it. */
function told(text: string): Message {
  const notice = normaliseNotice({
    ...aNotice('k'),
    title: text,
    text: `Test **${literal(text)}** failed in \`${literal(text)}\``,
    group: text,
    project: text,
    links: [{ label: text, url: 'https://ci.example.org/1' }],
    data: { branch: text, failed: 1 },
  });
  return messageOf('notification_1', [{ notice, time: '2026-01-10T12:00:00.000Z' }], { templates: {} });
}

/** Without code, in which nothing is read as anything else. */
const outsideCode = (text: string): string => text.replace(/\\`/g, '').replace(/`[^`]*`/g, '');

describe.each(HOSTILE)('%j', (text) => {
  const message = told(text);

  it('is one line without control characters in a title', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(message.title).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b\u202e]/);
  });

  it('in Slack: only plain text and rich text, and no markup in the fallback', () => {
    const payload = slackPayload(message);
    expect(payload.text).not.toMatch(/[<>]/);
    const json = JSON.stringify(payload.blocks);
    expect(json).not.toContain('"mrkdwn"');
    const links = [...json.matchAll(/"url":"([^"]*)"/g)].map(([, url]) => url);
    expect(new Set(links)).toEqual(new Set(['https://ci.example.org/1']));
  });

  it('in Discord: no mentions are parsed, and markup is escaped', () => {
    const payload = discordPayload(message);
    expect(payload.allowed_mentions).toEqual({ parse: [] });
    const shown = outsideCode(`${payload.embeds[0]!.title} ${payload.embeds[0]!.description}`);
    expect(shown).not.toMatch(/@everyone|@here|<@|<#/);
    expect(shown).not.toMatch(/(?<!\\)\]\(https:\/\/evil/);
  });

  it('in Teams: only text runs, which are not read as Markdown', () => {
    const { body } = teamsPayload(message).attachments[0]!.content;
    expect(new Set(body.map(({ type }) => type))).toEqual(new Set(['RichTextBlock']));
    expect(JSON.stringify(body)).not.toContain('"selectAction":{"type":"Action.OpenUrl","url":"https://evil');
  });

  it('in HTML: no element and no address of its own', () => {
    const html = emailHtml(message);
    expect(html).not.toMatch(/<(script|img|iframe|object)/i);
    expect([...html.matchAll(/href="([^"]*)"/g)].map(([, url]) => url)).toEqual(['https://ci.example.org/1']);
  });

  it('in an issue: no mention, no link, no HTML, nothing that closes another one', () => {
    const body = outsideCode(issueText(message));
    expect(body.replace(/^<sub>.*<\/sub>$/m, '')).not.toMatch(/<[a-z!/]/i);
    expect(body).not.toMatch(/@(everyone|here|octocat)\b/);
    expect(body).not.toMatch(/(?<!\\)\]\(https:\/\/evil/);
    expect(body).not.toMatch(/#1\b|GH-2/);
  });

  it('in Jira: a document of text nodes, or markup with every sign escaped', () => {
    const json = JSON.stringify(jiraText(message, 3));
    expect([...json.matchAll(/"href":"([^"]*)"/g)].map(([, url]) => url)).toEqual(['https://ci.example.org/1']);
    const markup = jiraText(message, 2) as string;
    expect(markup).not.toMatch(/(?<!\\)\|https:..evil|(?<!\\)\{noformat\}|(?<!\\)!x/);
  });

  it('in PagerDuty: the name of an incident holds nothing of it', () => {
    const event = pagerDutyEvent(message, 'key');
    expect(event.dedup_key).toBe(dedupKey(text));
    expect(event.dedup_key).toMatch(/^baton-[0-9a-f]{32}$/);
  });
});

it('people are written to only where their domain is allowed, and never more than ten', () => {
  const people = [
    'ann@example.org',
    'Bob@Example.org',
    'eve@evil.example',
    'x@y.org\r\nBcc: z@y.org',
    'a,b@example.org',
    '"q"@example.org',
  ];
  const own = { to: ['team@example.org'], peopleDomains: ['example.org'] };
  expect(recipients(own, people)).toEqual(['team@example.org', 'ann@example.org', 'Bob@Example.org']);
  expect(recipients({ to: [], peopleDomains: [] }, people)).toEqual([]);
  const crowd = Array.from({ length: 30 }, (_, n) => `p${n}@example.org`);
  expect(recipients({ to: [], peopleDomains: ['*'] }, crowd)).toHaveLength(10);
});

it('signs as Standard Webhooks says, with the old secret too while receivers change over', async () => {
  // The example of the specification.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const old = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
  const sent: { headers: Readonly<Record<string, string>>; body: string }[] = [];
  const notifier = webhookNotifier(
    { url: 'https://hooks.example.org/', secrets: [secret, old] },
    async ({ headers = {}, body = '' }) => {
      sent.push({ headers, body });
      return { status: 204, headers: {}, text: '' };
    },
  );
  await notifier.send(told('x'), null);
  const [{ headers, body }] = sent as [(typeof sent)[0]];
  const sign = (key: string) =>
    `v1,${createHmac('sha256', Buffer.from(key.slice(6), 'base64'))
      .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
      .digest('base64')}`;
  expect(headers['webhook-signature']).toBe(`${sign(secret)} ${sign(old)}`);
  expect(() =>
    webhookNotifier({ url: 'https://x.example', secrets: ['whsec_short'] }, async () => ({
      status: 200,
      headers: {},
      text: '',
    })),
  ).toThrow('the signing secret is not');
});

it('reads how long a vendor asks to wait', () => {
  const now = Date.parse('2026-01-10T12:00:00Z');
  expect(retryAfterMs({ 'retry-after': '1.5' }, now)).toBe(1_500);
  expect(retryAfterMs({ 'retry-after': 'Sat, 10 Jan 2026 12:00:07 GMT' }, now)).toBe(7_000);
  expect(retryAfterMs({ 'retry-after': 'soon' }, now)).toBeUndefined();
  expect(retryAfterMs({}, now)).toBeUndefined();
});

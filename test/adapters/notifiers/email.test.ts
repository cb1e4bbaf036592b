/** E-mail at a real SMTP server: what arrives, over which connection, and what its replies mean. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmailOptions, emailNotifier } from '../../../adapters/notifiers/email.js';
import { type Message, messageOf } from '../../../domain/notify/message.js';
import { normaliseNotice } from '../../../domain/notify/notice.schema.js';
import type { Notice } from '../../../domain/notice.js';
import { aNotice } from '../../support/notify/notice.js';
import { type MailServer, SMTP, startMailServer } from '../../support/vendors/smtp.js';
import { TLS } from '../../support/vendors/tls.js';

let server: MailServer;
beforeEach(async () => {
  server = await startMailServer({ tls: TLS });
});
afterEach(() => server.stop());

const options = (change: Partial<EmailOptions> = {}): EmailOptions => ({
  host: 'localhost',
  port: server.port,
  security: 'starttls',
  ca: TLS.cert,
  ...SMTP,
  from: 'Baton <baton@example.org>',
  to: ['team@example.org'],
  peopleDomains: ['example.org'],
  ...change,
});
const message = (change: Partial<Notice> = {}): Message =>
  messageOf('notification_1', [{ notice: normaliseNotice(aNotice('k', change)), time: '2026-01-10T12:00:00.000Z' }], {
    templates: {},
  });
const outcome = (change: Partial<EmailOptions> = {}, notice: Partial<Notice> = {}) =>
  emailNotifier(options(change))
    .send(message(notice), null)
    .catch((error: unknown) => error);

it('arrives over TLS with subject, link, text and HTML, at the team and the author', async () => {
  expect(await outcome({}, { to: ['ann@example.org', 'eve@evil.example'] })).toEqual({
    reference: '<notification_1@example.org>',
  });
  const [{ mail, to, secure }] = server.mails as [(typeof server.mails)[0]];
  expect([secure, to]).toEqual([true, ['team@example.org', 'ann@example.org']]);
  expect(mail.subject).toBe('shop: k failed');
  expect(mail.text).toContain('report: https://ci.example.org/runs/1');
  expect(mail.html).toContain('<a href="https://ci.example.org/runs/1"');
  expect(mail.html).toContain('<li>2 failed</li>');
});

it('a subject, a name and an address with line breaks make no header of their own', async () => {
  const bad = 'x\r\nBcc: victim@evil.example\r\nX-Evil: 1\r\n\r\nbody';
  await outcome({}, { title: bad, project: bad, group: bad, to: [`a@example.org\r\nBcc: b@example.org`] });
  const [{ mail, to, raw }] = server.mails as [(typeof server.mails)[0]];
  expect(to).toEqual(['team@example.org']);
  expect(mail.headers.map(({ key }) => key)).not.toContain('x-evil');
  expect(mail.headers.map(({ key }) => key)).not.toContain('bcc');
  expect(raw.split('\r\n\r\n')[0]).not.toMatch(/^(Bcc|X-Evil):/im);
});

it('messages of one matter are one conversation', async () => {
  await outcome({}, { group: 'shop is down' });
  await emailNotifier(options()).send({ ...message({ group: 'shop is down' }), id: 'notification_2' }, null);
  const [first, second] = server.mails.map(({ mail }) => mail.headers.find(({ key }) => key === 'references')?.value);
  expect(first).toBe(second);
});

describe('what does not arrive', () => {
  it('a certificate nobody vouches for, and a server without TLS where it is wanted', async () => {
    expect(await outcome({ ca: undefined })).toMatchObject({ name: 'NotDelivered', how: 'again' });
    const plain = await startMailServer();
    expect(await outcome({ port: plain.port })).toMatchObject({ name: 'NotDelivered' });
    expect([server.mails, plain.mails]).toEqual([[], []]);
    await plain.stop();
  });

  it('a wrong password is refused, and not told', async () => {
    const error = (await outcome({ password: 'wrong-password' })) as Error;
    expect(error).toMatchObject({ how: 'refused' });
    expect(error.message).not.toContain('wrong-password');
  });

  it('4xx passes, 5xx does not, and a cut after the message leaves it in doubt', async () => {
    server.behave = 'later';
    expect(await outcome()).toMatchObject({ how: 'again' });
    server.behave = 'refuse';
    expect(await outcome()).toMatchObject({ how: 'refused' });
    server.behave = 'drop-after';
    expect(await outcome()).toMatchObject({ how: 'unknown' });
    expect(server.mails).toHaveLength(1);
  });

  it('one address of several: the others get it, and the note says so', async () => {
    expect(await outcome({ to: ['team@example.org', 'nobody@example.org'] })).toMatchObject({
      note: 'refused for nobody@example.org',
    });
    expect(server.mails[0]?.to).toEqual(['team@example.org']);
  });

  it('nobody is there', async () => {
    await server.stop();
    expect(await outcome()).toMatchObject({ how: 'again' });
    server = await startMailServer({ tls: TLS });
    expect(await outcome({ to: [] })).toEqual({ reference: null, note: 'nobody to write to' });
  });
});

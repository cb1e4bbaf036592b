/**
 * E-mail over SMTP. A server that has taken a message cannot be asked about it, so a repetition has the same Message-ID:
 * mail systems show such a message once, and those that do not show it twice.
 */
import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { toText } from '../../domain/notify/markdown.js';
import type { Message } from '../../domain/notify/message.js';
import { NotDelivered, type Notifier } from '../../domain/notify/ports.js';
import { emailHtml } from './email-html.js';

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  readonly security: 'starttls' | 'tls' | 'none';
  /** PEM. */
  readonly ca: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly peopleDomains: readonly string[];
}

const CONNECT_MS = 10_000;
const SILENCE_MS = 20_000;
/** People that one message may be sent to because the matter is theirs. */
const MAX_PEOPLE = 10;

interface SmtpError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly responseCode?: number;
}

export function emailNotifier(options: EmailOptions): Notifier {
  const { host, port, security, ca, user, password, from } = options;
  const domain = /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'baton.invalid';
  return {
    kind: 'email',
    gathers: true,
    where: `${host}:${port}`,
    async send(message) {
      const to = recipients(options, message.to);
      if (to.length === 0) return { reference: null, note: 'nobody to write to' };
      const transport = createTransport({
        host,
        port,
        secure: security === 'tls',
        requireTLS: security === 'starttls',
        ignoreTLS: security === 'none',
        ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
        ...(ca === undefined ? {} : { tls: { ca } }),
        connectionTimeout: CONNECT_MS,
        greetingTimeout: CONNECT_MS,
        socketTimeout: SILENCE_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        const { messageId, rejected } = await transport.sendMail(mail(message, { from, to, domain }));
        const note = rejected.length === 0 ? {} : { note: `refused for ${rejected.map(String).join(', ')}` };
        return { reference: messageId, ...note };
      } catch (error) {
        throw meaning(error as SmtpError, password);
      } finally {
        transport.close();
      }
    },
  };
}

/** Those of the settings, and of the people the matter belongs to those whose domain is allowed. */
export function recipients(
  { to, peopleDomains }: Pick<EmailOptions, 'to' | 'peopleDomains'>,
  people: readonly string[],
): string[] {
  const theirs = people
    .map((each) => each.trim())
    .filter((each) => /^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(each))
    .filter((each) => {
      const domain = each.slice(each.lastIndexOf('@') + 1).toLowerCase();
      return peopleDomains.includes('*') || peopleDomains.includes(domain);
    });
  return [...new Set([...to, ...theirs.slice(0, MAX_PEOPLE)])];
}

function mail(message: Message, { from, to, domain }: { from: string; to: string[]; domain: string }) {
  const matter = createHash('sha256').update(message.group).digest('hex').slice(0, 24);
  const links = message.links.map(({ label, url }) => `${label}: ${url}`).join('\n');
  return {
    from,
    to,
    subject: message.title,
    messageId: `<${message.id}@${domain}>`,
    // The same for all messages of one matter, so that mail programs show them as one conversation.
    references: `<matter-${matter}@${domain}>`,
    date: new Date(message.time),
    text: [message.title, toText(message.body), links, `-- \n${message.project} · ${message.kind} · ${message.id}`]
      .filter((part) => part !== '')
      .join('\n\n'),
    html: emailHtml(message),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Baton-Severity': message.severity,
      ...(message.severity === 'critical' ? { Importance: 'high' } : {}),
    },
  };
}

/** Replies of 4xx pass, those of 5xx do not. A connection that is cut does not say how far it had come. */
function meaning(error: SmtpError, password: string | undefined): NotDelivered {
  const text = password && password.length >= 4 ? error.message.replaceAll(password, '***') : error.message;
  const code = error.responseCode;
  if (code !== undefined)
    return new NotDelivered(`the mail server answered: ${text}`, code >= 500 ? 'refused' : 'again');
  if (error.code === 'EAUTH' || error.code === 'EENVELOPE' || error.code === 'EMESSAGE')
    return new NotDelivered(`the mail server cannot be used like this: ${text}`, 'refused');
  const early =
    error.syscall === 'connect' || error.code === 'EDNS' || error.code === 'ETLS' || /certificate/i.test(text);
  return new NotDelivered(`the mail server does not answer: ${text}`, early ? 'again' : 'unknown');
}

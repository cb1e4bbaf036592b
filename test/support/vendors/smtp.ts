/** A real mail server: STARTTLS with a certificate of its own, a login, and everything it took parsed as mail programs do. */
import { once } from 'node:events';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { AddressInfo } from 'node:net';

export const SMTP = { user: 'baton', password: 'smtp-password' };

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly mail: Email;
  readonly secure: boolean;
}

export interface MailServer {
  readonly port: number;
  readonly mails: ReceivedMail[];
  /** Each Message-ID once, as a mailbox shows them. */
  once(): ReceivedMail[];
  /** What happens to the next messages; undefined takes them. */
  behave: undefined | 'refuse' | 'later' | 'drop-after';
  stop(): Promise<void>;
}

export async function startMailServer(
  options: { tls?: { key: string; cert: string }; port?: number } = {},
): Promise<MailServer> {
  const take = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString('utf8');
    const { mailFrom, rcptTo } = session.envelope;
    received.mails.push({
      from: mailFrom === false ? '' : mailFrom.address,
      to: rcptTo.map(({ address }) => address),
      raw,
      mail: await PostalMime.parse(raw),
      secure: session.secure,
    });
  };
  const server = new SMTPServer({
    ...(options.tls ?? {}),
    disabledCommands: options.tls ? [] : ['STARTTLS'],
    authOptional: false,
    allowInsecureAuth: !options.tls,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _session, done) =>
      username === SMTP.user && password === SMTP.password
        ? done(null, { user: username })
        : done(new Error('Invalid login')),
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('nobody@')
        ? done(Object.assign(new Error('No such user here'), { responseCode: 550 }))
        : done(),
    onData(stream, session, done) {
      const { behave } = received;
      if (behave === 'refuse' || behave === 'later') {
        stream.resume();
        stream.on('end', () =>
          done(Object.assign(new Error('Not now'), { responseCode: behave === 'later' ? 451 : 554 })),
        );
        return;
      }
      take(stream, session).then(
        () => {
          // The message is taken, and its sender never hears of it.
          if (behave === 'drop-after') for (const each of connections) each.destroy();
          else done();
        },
        (error: Error) => done(error),
      );
    },
  });
  const connections = new Set<import('node:net').Socket>();
  server.server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => connections.delete(socket));
  });
  server.on('error', () => {
    // Connections that are cut are part of the tests.
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server.server, 'listening');
  const received: MailServer = {
    port: (server.server.address() as AddressInfo).port,
    mails: [],
    once: () => [...new Map(received.mails.map((each) => [each.mail.messageId, each])).values()],
    behave: undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const each of connections) each.destroy();
      }),
  };
  return received;
}

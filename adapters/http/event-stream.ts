/**
 * Events of one execution over the websocket. The id of the last event is remembered, so after a lost connection the
 * server continues where it stopped. A connection on which nothing was heard for `SILENCE_MS` counts as lost.
 */
import WebSocket from 'ws';
import { EventAnswer } from '../../domain/api.schema.js';
import type { BatonEvent } from '../../domain/events.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Addresses } from './addresses.js';
import { Inbox } from './inbox.js';

export interface FollowOptions {
  readonly execution: string;
  readonly signal: AbortSignal;
  /** Id of the last event that is known already. */
  readonly after: number;
}

interface Server {
  readonly baseUrl: string;
  readonly addresses?: Addresses | undefined;
  readonly token?: string | undefined;
}

/** The server pings every 20 s. */
const SILENCE_MS = 60_000;
const HANDSHAKE_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Losses in a row without a single event or answer between them. */
const MOST_LOSSES = 60;

/** Close codes after which another try would end the same way. */
const FINAL_CODES = new Map([
  [4401, 'the key may not listen to events'],
  [1008, 'too many messages were sent'],
]);

export async function* followEvents(
  server: Server,
  { execution, signal, after }: FollowOptions,
): AsyncGenerator<BatonEvent, void, undefined> {
  let last = after;
  for (let losses = 0; !signal.aborted; losses++) {
    if (losses > MOST_LOSSES)
      throw new ProjectProblem(
        'StoreUnavailable',
        `Events from ${server.baseUrl} cannot be had: the connection was lost ${losses} times in a row.`,
      );
    if (losses > 0) await pause(losses, signal);
    const baseUrl = server.addresses?.current ?? server.baseUrl;
    const connection = connect({ ...server, baseUrl }, execution, last, signal);
    try {
      for await (const event of connection.events) {
        losses = 0;
        last = event.id;
        yield event;
        if (event.type === 'run_finished') return;
      }
    } finally {
      connection.close();
      server.addresses?.lost(baseUrl);
    }
  }
}

interface Connection {
  /** Ends when the connection is lost; throws when trying again is no use. */
  readonly events: AsyncIterable<BatonEvent>;
  close(): void;
}

function connect({ baseUrl, token }: Server, execution: string, after: number, signal: AbortSignal): Connection {
  const url = new URL('/ws', baseUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, {
    headers,
    handshakeTimeout: HANDSHAKE_MS,
    perMessageDeflate: false,
    followRedirects: false,
  });
  const inbox = new Inbox<BatonEvent>((full) => (full ? socket.pause() : socket.resume()));
  const silence = watchdog(SILENCE_MS, () => socket.terminate());
  const stop = (): void => socket.terminate();
  signal.addEventListener('abort', stop, { once: true });
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', execution, after })));
  socket.on('ping', silence.sign);
  socket.on('message', (data) => {
    silence.sign();
    take(data.toString(), inbox);
  });
  // A close follows each error and decides what happens; unheard, the error would end the process.
  socket.on('error', () => undefined);
  socket.on('unexpected-response', (_request, answer) => {
    if (answer.statusCode === 401 || answer.statusCode === 403)
      inbox.fail(
        new ProjectProblem(
          'ConfigInvalid',
          `Events from ${baseUrl} were refused with status ${answer.statusCode}: check the API key and the address.`,
        ),
      );
    socket.terminate();
  });
  socket.on('close', (code) => {
    silence.stop();
    signal.removeEventListener('abort', stop);
    const final = FINAL_CODES.get(code);
    if (final === undefined) inbox.end();
    else inbox.fail(new ProjectProblem('ConfigInvalid', `Events from ${baseUrl} were refused: ${final}.`));
  });
  return { events: inbox, close: stop };
}

function take(text: string, inbox: Inbox<BatonEvent>): void {
  const message = parsed(text);
  if (message?.type === 'error')
    inbox.fail(
      new ProjectProblem(
        'Internal',
        `The server did not understand the subscription: ${String(message.payload?.message)}`,
      ),
    );
  const event = EventAnswer.safeParse(message);
  // What is no event is a notice such as `subscribed`, or an event of a newer server: neither is for this reader.
  if (event.success) inbox.put(event.data as unknown as BatonEvent);
}

/** Another program on the port may say anything. */
function parsed(text: string): { type?: unknown; payload?: { message?: unknown } } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function watchdog(ms: number, bark: () => void): { sign: () => void; stop: () => void } {
  let timer = setTimeout(bark, ms);
  return {
    sign: () => {
      clearTimeout(timer);
      timer = setTimeout(bark, ms);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Jittered, so that a thousand clients do not come back in one moment. */
function pause(losses: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(losses - 1, 10), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

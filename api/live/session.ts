/**
 * What is said on one websocket. The sender is found out first: by the headers of the handshake, or by a first message
 * `{"type":"auth","token":"…"}` within five seconds; otherwise the socket is closed with 4401. Rights are looked at
 * again with every ping, so that a revoked key does not listen on.
 */
import type { IncomingMessage } from 'node:http';
import type { RawData, WebSocket } from 'ws';
import { API_LIMITS, ClientMessage } from '../../domain/api.schema.js';
import { EVENT_TYPES } from '../../domain/events.js';
import { mayUse } from '../common/access.js';
import type { Authenticator } from '../common/authenticator.js';
import { ApiProblem } from '../common/problem.js';
import type { ApiLogger, Principal } from '../deps.js';
import { LiveClient } from './client.js';
import type { EventPump } from './pump.js';

interface SessionDeps {
  readonly authenticator: Authenticator;
  readonly pump: EventPump;
  readonly logger: ApiLogger;
}

const AUTH_TIMEOUT_MS = 5000;
const RATE_WINDOW_MS = 10_000;
/** Close codes: 1008 says "policy", 1011 "our fault"; 4401 is HTTP's 401. */
const CLOSE = { policy: 1008, failed: 1011, unauthorized: 4401 } as const;
const KNOWN = new Set<string>(EVENT_TYPES);

export class LiveSession {
  private readonly client: LiveClient;
  private readonly address: string;
  private principal: Principal | undefined;
  private token: string | undefined;
  private readonly deadline: NodeJS.Timeout;
  private answered = true;
  private window = { startedAt: 0, count: 0 };
  /** Messages are taken one after the other, after the handshake's own question is answered. */
  private turn: Promise<void>;

  constructor(
    private readonly socket: WebSocket,
    req: IncomingMessage,
    private readonly deps: SessionDeps,
  ) {
    this.client = new LiveClient(socket, deps.pump);
    this.address = req.socket.remoteAddress ?? '';
    this.deadline = setTimeout(() => this.refuse('no token came in time'), AUTH_TIMEOUT_MS);
    socket.on('message', (data, binary) => this.onMessage(data, binary));
    socket.on('pong', () => {
      this.answered = true;
    });
    socket.once('close', () => {
      clearTimeout(this.deadline);
      this.client.dispose();
    });
    this.turn = this.greet(req);
  }

  /** Called every 20 s: ends connections nobody answers on, and those whose rights ended. */
  lookAfter(): void {
    if (!this.answered) {
      this.socket.terminate();
      return;
    }
    this.answered = false;
    if (this.socket.readyState === this.socket.OPEN) this.socket.ping();
    void this.checkAgain();
  }

  private async greet(req: IncomingMessage): Promise<void> {
    try {
      this.accept(await this.deps.authenticator.identify(req), keyIn(req));
    } catch (error) {
      // Without a key there is still the first message; with a wrong one there is nothing to wait for.
      if (keyIn(req) !== undefined) this.refuse(reason(error));
    }
  }

  private accept(principal: Principal, token: string | undefined): void {
    if (!mayUse('viewer', principal.role)) {
      this.refuse(`the role ${principal.role} may not listen to events`);
      return;
    }
    clearTimeout(this.deadline);
    this.principal = principal;
    this.token = token;
  }

  private refuse(why: string): void {
    this.principal = undefined;
    this.client.dispose();
    this.socket.close(CLOSE.unauthorized, why.slice(0, 100));
  }

  private onMessage(data: RawData, binary: boolean): void {
    if (this.floods()) {
      this.socket.close(CLOSE.policy, 'too many messages');
      return;
    }
    this.turn = this.turn.then(() => this.take(data, binary)).catch((error: unknown) => this.fail(error));
  }

  private floods(): boolean {
    const now = performance.now();
    if (now - this.window.startedAt > RATE_WINDOW_MS) this.window = { startedAt: now, count: 0 };
    this.window.count++;
    return this.window.count > API_LIMITS.socketMessagesPer10s;
  }

  private async take(data: RawData, binary: boolean): Promise<void> {
    if (this.socket.readyState !== this.socket.OPEN) return;
    const message = binary ? 'send text, not bytes' : parse(data);
    if (typeof message === 'string') this.complain(message);
    else if (message.type === 'auth') await this.authenticate(message.token);
    else if (!this.principal) this.refuse('send {"type":"auth","token":"…"} first');
    else this.obey(message);
  }

  private async authenticate(token: string): Promise<void> {
    try {
      this.accept(await this.deps.authenticator.verify(token, this.address), token);
    } catch (error) {
      this.refuse(reason(error));
      return;
    }
    if (!this.principal) return;
    this.client.say({ type: 'authenticated', payload: { principal: this.principal.name } });
  }

  private obey(message: Exclude<ClientMessage, { type: 'auth' }>): void {
    if (message.type === 'ping') this.client.say({ type: 'pong', payload: {} });
    else if (message.type === 'unsubscribe') this.client.unsubscribe();
    else this.subscribe(message);
  }

  private subscribe({ events, execution, thread, after }: Extract<ClientMessage, { type: 'subscribe' }>): void {
    const unknown = events?.find((name) => !KNOWN.has(name));
    if (unknown !== undefined) {
      this.complain(`there is no event ${JSON.stringify(unknown)}; there are ${EVENT_TYPES.join(', ')}`);
      return;
    }
    // Not awaited: catching up may take long, and an unsubscribe must be heard meanwhile.
    this.client
      .subscribe({ events: events && new Set(events), execution, thread, after })
      .catch((error: unknown) => this.fail(error));
  }

  private complain(message: string): void {
    this.client.say({ type: 'error', payload: { message } });
  }

  private fail(error: unknown): void {
    this.deps.logger.error({ err: error }, 'a websocket client could not be served');
    this.socket.close(CLOSE.failed, 'events cannot be read now; try again');
  }

  private async checkAgain(): Promise<void> {
    const { token } = this;
    if (token === undefined || !this.principal) return;
    try {
      const principal = await this.deps.authenticator.owner(token);
      if (!principal || !mayUse('viewer', principal.role)) this.refuse('the key was revoked');
    } catch (error) {
      // The key store is away: nobody is thrown out for that, and the next look is in 20 s.
      this.deps.logger.warn({ err: error }, 'the rights of a websocket client could not be checked');
    }
  }
}

function keyIn(req: IncomingMessage): string | undefined {
  const { authorization, 'x-api-key': key } = req.headers;
  return authorization?.replace(/^Bearer +/i, '') ?? (typeof key === 'string' ? key : undefined);
}

const reason = (error: unknown): string =>
  error instanceof ApiProblem ? error.detail : 'the key could not be checked';

/** The message, or what is wrong with it. */
function parse(data: RawData): ClientMessage | string {
  let value: unknown;
  try {
    value = JSON.parse(data.toString());
  } catch {
    return 'this is not JSON';
  }
  const checked = ClientMessage.safeParse(value);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  return `not understood: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.replace(/ +/g, ' ').trim();
}

import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import type { WebSocketServer } from 'ws';
import { API_LIMITS } from '../../domain/api.schema.js';
import type { Authenticator } from '../common/authenticator.js';
import { header } from '../common/http.js';
import { hostName, isLoopback } from '../common/loopback.js';

type Verdict = (accepted: boolean, status?: number, message?: string, headers?: Record<string, string>) => void;

const CLOSE_GRACE_MS = 2000;

/**
 * Nest's adapter with the limits that `ws` leaves open, and with a door: a page of another origin, a name that was
 * rebound to this machine, and the client above the limit are refused before the connection becomes a websocket.
 */
export class LiveAdapter extends WsAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly authenticator: Authenticator,
  ) {
    super(app);
  }

  override create(port: number, options: Record<string, unknown> = {}): WebSocketServer {
    const server: WebSocketServer = super.create(port, {
      ...options,
      maxPayload: API_LIMITS.socketMessageBytes,
      // A small message that inflates to a large one is never taken.
      perMessageDeflate: false,
      clientTracking: true,
      verifyClient: ({ req }: { req: IncomingMessage }, done: Verdict) => this.door(server, req, done),
    });
    return server;
  }

  /** Clients are told that the server goes away (1001), so that they come back; who does not answer is cut. */
  override async close(server: WebSocketServer): Promise<void> {
    for (const client of server.clients) client.close(1001, 'the server is closing');
    await quiet(server, CLOSE_GRACE_MS);
    await super.close(server);
  }

  /** The gateway reads the messages itself: theirs is another form, and a bad one deserves an answer. */
  override bindMessageHandlers(): void {}

  private door(server: WebSocketServer, req: IncomingMessage, done: Verdict): void {
    const refused = this.refusal(server, req);
    if (refused === undefined) done(true);
    else done(false, refused, STATUS_CODES[refused], refused === 503 ? { 'Retry-After': '5' } : {});
  }

  private refusal(server: WebSocketServer, req: IncomingMessage): number | undefined {
    if (this.authenticator.foreign(req)) return 403;
    if (this.authenticator.open && !isLoopback(hostName(header(req, 'host') ?? ''))) return 403;
    return server.clients.size >= API_LIMITS.socketClients ? 503 : undefined;
  }
}

/** Waits until no client is left, at most so long. */
async function quiet(server: WebSocketServer, mostMs: number): Promise<void> {
  const end = performance.now() + mostMs;
  while (server.clients.size > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
}

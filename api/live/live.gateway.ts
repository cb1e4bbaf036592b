import type { IncomingMessage } from 'node:http';
import { Inject } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { Authenticator } from '../common/authenticator.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { EventPump } from './pump.js';
import { LiveSession } from './session.js';

const PING_MS = 20_000;

/** `/ws`: live events with catch-up. Who may connect is decided by `LiveAdapter`, who may listen by the session. */
@WebSocketGateway({ path: '/ws' })
export class LiveGateway implements OnGatewayConnection, OnModuleDestroy {
  private readonly sessions = new Set<LiveSession>();
  private readonly timer = setInterval(() => this.lookAround(), PING_MS).unref();

  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(Authenticator) private readonly authenticator: Authenticator,
    @Inject(EventPump) private readonly pump: EventPump,
  ) {}

  handleConnection(socket: WebSocket, req: IncomingMessage): void {
    const { authenticator, pump } = this;
    const session = new LiveSession(socket, req, { authenticator, pump, logger: this.deps.logger });
    this.sessions.add(session);
    socket.once('close', () => this.sessions.delete(session));
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.pump.close();
  }

  get clients(): number {
    return this.sessions.size;
  }

  /** Pings everybody, and looks again whether they may listen. */
  lookAround(): void {
    for (const session of this.sessions) session.lookAfter();
  }
}

/** A TCP link that can be cut, delayed, or made deaf in one direction, between two parts that know only the proxy. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** `deaf-server`: nothing reaches the server any more. `deaf-client`: the work is done and the answer lost. */
export type LinkState = 'open' | 'cut' | 'blackhole' | 'deaf-server' | 'deaf-client';

export interface TcpProxy {
  readonly port: number;
  /** Connections that are open are kept, except by `cut`, which resets them and refuses new ones. */
  set(state: LinkState): void;
  /** Each chunk waits so long, in both directions. 0 ends it. */
  delay(ms: number): void;
  /** Open again, without delay; what was swallowed stays lost, so connections that lost bytes are reset. */
  heal(): void;
  close(): Promise<void>;
}

export async function tcpProxy(target: { host?: string; port: number }, port = 0): Promise<TcpProxy> {
  let state: LinkState = 'open';
  let delayMs = 0;
  const links = new Set<Link>();
  const server: Server = createServer((client) => {
    if (state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const link = new Link(client, connect({ host: target.host ?? '127.0.0.1', port: target.port }), () => ({
      state,
      delayMs,
    }));
    links.add(link);
    link.over.then(() => links.delete(link));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    set(next) {
      state = next;
      if (next === 'cut') for (const link of links) link.reset();
    },
    delay(ms) {
      delayMs = ms;
    },
    heal() {
      state = 'open';
      delayMs = 0;
      for (const link of links) if (link.lost) link.reset();
    },
    async close() {
      for (const link of links) link.reset();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Weather {
  readonly state: LinkState;
  readonly delayMs: number;
}

class Link {
  /** Bytes were swallowed: the stream is of no use any more. */
  lost = false;
  readonly over: Promise<void>;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly weather: () => Weather,
  ) {
    this.over = Promise.all([closed(client), closed(server)]).then(() => undefined);
    this.pipe(client, server, ['blackhole', 'deaf-server']);
    this.pipe(server, client, ['blackhole', 'deaf-client']);
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  private pipe(from: Socket, to: Socket, deaf: readonly LinkState[]): void {
    let queue = Promise.resolve();
    const later = (work: () => void): void => {
      const { delayMs } = this.weather();
      queue = queue.then(() => (delayMs === 0 ? undefined : new Promise((r) => setTimeout(r, delayMs)))).then(work);
    };
    from.on('data', (chunk) => {
      if (deaf.includes(this.weather().state)) {
        this.lost = true;
        return;
      }
      later(() => {
        if (!to.destroyed && !to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    });
    // A broken connection is what this proxy is for: the other side is told by a reset of its own.
    from.on('error', () => to.resetAndDestroy());
    from.on('end', () => later(() => to.end()));
    from.on('close', () => later(() => to.destroy()));
  }
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

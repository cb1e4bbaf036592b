/** A plain websocket as a user has one, with everything it heard. */
import WebSocket from 'ws';

export interface Heard {
  readonly type: string;
  readonly payload: Record<string, unknown>;
  readonly id?: number;
  readonly seq?: number | null;
  readonly time?: string;
  readonly execution?: string | null;
  readonly project?: string | null;
}

export class Ear {
  readonly heard: Heard[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  private looking: () => void = () => undefined;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.heard.push(JSON.parse(data.toString()));
      this.looking();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Resolves as soon as the predicate holds for what was heard. */
  async until(holds: (heard: readonly Heard[]) => boolean, withinMs = 30_000): Promise<void> {
    const end = Date.now() + withinMs;
    while (!holds(this.heard)) {
      const left = end - Date.now();
      if (left <= 0) throw new Error(`not heard in ${withinMs} ms; heard ${JSON.stringify(this.heard.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.looking = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Says it and waits for a notice of this type. */
  async ask(message: object, answer: string): Promise<Heard> {
    const before = this.heard.length;
    this.say(message);
    await this.until((heard) => heard.slice(before).some(({ type }) => type === answer));
    return this.heard.slice(before).find(({ type }) => type === answer)!;
  }

  events(): Heard[] {
    return this.heard.filter(({ id }) => id !== undefined);
  }
}

export async function listenAt(url: string, headers: Record<string, string> = {}): Promise<Ear> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, { headers });
  const ear = new Ear(socket);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return ear;
}

/** Status of a handshake that is refused. */
export function refusedStatus(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, { headers });
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('unexpected-response', (_req, res) => {
      resolve(res.statusCode);
      socket.terminate();
    });
    socket.once('open', () => {
      resolve(101);
      socket.terminate();
    });
  });
}

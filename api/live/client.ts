/**
 * One websocket client and its subscription.
 *
 *   subscribe → [catching up: pages of the table, then the pump's memory] → live: every event as the pump reads it
 *
 * `cursor` is the id up to which everything wanted was sent. While catching up, live events are left to the pump's
 * memory; the step from there to "live" happens without a pause in between, so nothing is sent twice or left out.
 * A client that does not read is closed with 1013 and comes back with `after`.
 */
import type { WebSocket } from 'ws';
import { API_LIMITS, type ServerNotice } from '../../domain/api.schema.js';
import type { EventPump, LiveEvent } from './pump.js';

export interface Subscription {
  /** Absent = all. */
  readonly events: ReadonlySet<string> | undefined;
  readonly execution: string | undefined;
  /** Only progress that carries this thread id. */
  readonly thread?: string | undefined;
  /** Absent = from now on. */
  readonly after: number | undefined;
}

interface Current {
  readonly wanted: Subscription;
  cursor: number;
  live: boolean;
}

/** Most events of the pump's memory that are sent in one go. */
const BURST = 200;
const CALM_BYTES = 256 * 1024;
const DRAIN_TIMEOUT_MS = 15_000;
const DRAIN_LOOK_MS = 10;
const CLOSE_GRACE_MS = 2000;

export class LiveClient {
  private current: Current | undefined;
  private leave: Promise<() => void> | undefined;

  constructor(
    private readonly socket: WebSocket,
    private readonly pump: EventPump,
    private readonly queueBytes: number = API_LIMITS.socketQueueBytes,
  ) {}

  /** Replaces the subscription. Rejects when the events cannot be read. */
  async subscribe(wanted: Subscription): Promise<void> {
    const current: Current = { wanted, cursor: wanted.after ?? 0, live: false };
    this.current = current;
    this.leave ??= this.pump.listen((event) => this.onEvent(event));
    await this.leave.catch((error: unknown) => {
      this.leave = undefined;
      throw error;
    });
    if (this.current !== current) return;
    if (wanted.after === undefined) current.cursor = this.pump.position;
    this.say({ type: 'subscribed', payload: { after: current.cursor } });
    await this.catchUp(current);
  }

  unsubscribe(): void {
    this.current = undefined;
    this.say({ type: 'unsubscribed', payload: {} });
  }

  say(notice: ServerNotice): void {
    this.send(JSON.stringify(notice));
  }

  /** The connection is gone. */
  dispose(): void {
    this.current = undefined;
    this.leave?.then((leave) => leave()).catch(() => undefined);
    this.leave = undefined;
  }

  private async catchUp(current: Current): Promise<void> {
    while (this.current === current && !current.live) {
      const remembered = this.pump.since(current.cursor);
      if (remembered && remembered.length <= BURST) {
        for (const event of remembered) this.deliver(current, event);
        current.live = true;
        return;
      }
      if (remembered) for (const event of remembered.slice(0, BURST)) this.deliver(current, event);
      else await this.readPage(current);
      await this.drained();
    }
  }

  private async readPage(current: Current): Promise<void> {
    // What the pump has read was committed before this read begins, so the last page covers it.
    const covered = this.pump.position;
    const { events, last } = await this.pump.page(current.cursor, current.wanted.execution);
    if (this.current !== current) return;
    for (const event of events) this.deliver(current, event);
    if (last) current.cursor = Math.max(current.cursor, covered);
  }

  private onEvent(event: LiveEvent): void {
    if (this.current?.live) this.deliver(this.current, event);
  }

  private deliver(current: Current, event: LiveEvent): void {
    if (this.current !== current || event.id <= current.cursor) return;
    current.cursor = event.id;
    const { events, execution, thread } = current.wanted;
    if (execution !== undefined && event.execution !== execution) return;
    if (thread !== undefined && event.thread !== thread) return;
    if (events !== undefined && !events.has(event.type)) return;
    this.send(event.text);
  }

  private send(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.socket.send(text);
    // While catching up the next page waits until this one is on its way; the cap is for who is live.
    if (this.socket.bufferedAmount > this.queueBytes && this.current?.live !== false) this.tooSlow();
  }

  private async drained(): Promise<void> {
    const end = performance.now() + DRAIN_TIMEOUT_MS;
    while (this.socket.readyState === this.socket.OPEN && this.socket.bufferedAmount > CALM_BYTES) {
      if (performance.now() > end) {
        this.tooSlow();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
  }

  private tooSlow(): void {
    this.current = undefined;
    this.socket.close(1013, 'too slow; subscribe again with after');
    // Who does not read does not see the close frame either.
    setTimeout(() => this.socket.terminate(), CLOSE_GRACE_MS).unref();
  }
}

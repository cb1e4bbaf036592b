/**
 * The one reader of the events table in this process. It is woken by the ledger, reads what is new, turns each event
 * into text once, and hands it to everybody who listens. The last `RING` events stay in memory, so that a thousand
 * clients that come back at the same time do not become a thousand queries.
 *
 * Events appear in the table in the order of their ids, so "everything up to `position` was read" is a fact. While
 * nobody listens nothing is read; the first listener finds the end of the table again.
 */
import type { BatonEvent } from '../../domain/events.js';
import type { Ledger } from '../../domain/ports.js';
import type { ApiLogger } from '../deps.js';

export interface LiveEvent {
  readonly id: number;
  readonly type: BatonEvent['type'];
  readonly execution: string | null;
  readonly thread?: string | undefined;
  readonly text: string;
}

export type Listener = (event: LiveEvent) => void;

const PAGE = 500;
const RING = 2000;
/** A wake-up may get lost between processes, and a read may fail; nobody waits longer than this for the next one. */
const POLL_MS = 1000;

export const toLive = (event: BatonEvent): LiveEvent => ({
  id: event.id,
  type: event.type,
  execution: event.execution,
  ...('thread' in event.payload ? { thread: event.payload.thread } : {}),
  text: JSON.stringify({
    type: event.type,
    payload: event.payload,
    id: event.id,
    seq: event.seq,
    time: event.time,
    execution: event.execution,
    project: event.project,
  }),
});

type EventSource = Pick<Ledger, 'events' | 'onEvents'>;

export class EventPump {
  private readonly listeners = new Set<Listener>();
  private ring: LiveEvent[] = [];
  /** Every event with an id in (ringBase, position] is in the ring. */
  private ringBase = 0;
  private end = 0;
  private stopWaiting: (() => void) | undefined;
  private starting: Promise<void> | undefined;
  private reading = false;
  private again = false;

  constructor(
    private readonly ledger: EventSource,
    private readonly logger: Pick<ApiLogger, 'warn'>,
  ) {}

  /** Id of the last event that was read. */
  get position(): number {
    return this.end;
  }

  /** From now on the listener gets every new event. Resolves when `position` is valid; returns how to stop. */
  async listen(listener: Listener): Promise<() => void> {
    this.listeners.add(listener);
    try {
      await this.start();
    } catch (error) {
      this.leave(listener);
      throw error;
    }
    return () => this.leave(listener);
  }

  /** Events after `id` that are still in memory, or undefined when some of them are not. */
  since(id: number): readonly LiveEvent[] | undefined {
    if (id < this.ringBase) return undefined;
    return this.ring.slice(firstAfter(this.ring, id));
  }

  /** A page of the table, for who is behind the ring. */
  async page(after: number, execution: string | undefined): Promise<{ events: LiveEvent[]; last: boolean }> {
    const events = await this.ledger.events(after, PAGE, execution);
    return { events: events.map(toLive), last: events.length < PAGE };
  }

  close(): void {
    this.listeners.clear();
    this.stop();
  }

  private leave(listener: Listener): void {
    this.listeners.delete(listener);
    if (this.listeners.size === 0) this.stop();
  }

  private start(): Promise<void> {
    this.starting ??= this.findEnd().then(
      () => this.wait(),
      (error: unknown) => {
        this.starting = undefined;
        throw error;
      },
    );
    return this.starting;
  }

  private wait(): void {
    // Everybody may have left while the end was looked for.
    if (this.listeners.size === 0) {
      this.starting = undefined;
      return;
    }
    const unsubscribe = this.ledger.onEvents(() => void this.read());
    const poll = setInterval(() => void this.read(), POLL_MS);
    this.stopWaiting = () => {
      unsubscribe();
      clearInterval(poll);
    };
    // What was committed between finding the end and subscribing.
    void this.read();
  }

  /** A start in progress goes on: it sees itself whether anybody is left, and whoever comes meanwhile shares it. */
  private stop(): void {
    if (!this.stopWaiting) return;
    this.stopWaiting();
    this.stopWaiting = undefined;
    this.starting = undefined;
  }

  /** Largest id in the table, found by doubling steps and halving: about 40 reads of one row, however long the table is. */
  private async findEnd(): Promise<void> {
    let known = this.end;
    let step = 1;
    for (let next = await this.firstAfter(known); next !== undefined; next = await this.firstAfter(known + step)) {
      known = next;
      step *= 2;
    }
    while (step > 1) {
      step = Math.floor(step / 2);
      known = (await this.firstAfter(known + step)) ?? known;
    }
    known = (await this.firstAfter(known)) ?? known;
    this.end = known;
    this.ringBase = known;
    this.ring = [];
  }

  private async firstAfter(id: number): Promise<number | undefined> {
    return (await this.ledger.events(id, 1))[0]?.id;
  }

  /** One read at a time; a wake-up during a read makes it look once more. */
  private async read(): Promise<void> {
    this.again = true;
    if (this.reading) return;
    this.reading = true;
    try {
      while (this.again && this.stopWaiting) {
        this.again = false;
        await this.readAll();
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'events could not be read; trying again soon');
    } finally {
      this.reading = false;
    }
  }

  private async readAll(): Promise<void> {
    for (;;) {
      const { events, last } = await this.page(this.end, undefined);
      // Somebody stopped and perhaps began anew during the read: what was read belongs to the past.
      if (!this.stopWaiting) return;
      for (const event of events) this.hand(event);
      if (last) return;
    }
  }

  private hand(event: LiveEvent): void {
    if (event.id <= this.end) return;
    this.end = event.id;
    this.ring.push(event);
    if (this.ring.length > 2 * RING) this.shorten();
    for (const listener of this.listeners) listener(event);
  }

  private shorten(): void {
    const dropped = this.ring.splice(0, this.ring.length - RING);
    this.ringBase = dropped.at(-1)?.id ?? this.ringBase;
  }
}

/** Index of the first event with a larger id: the ring is in order. */
function firstAfter(ring: readonly LiveEvent[], id: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ring[middle]?.id ?? 0) <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Stock with reservations that expire: a cart that is left alone gives its goods back. */
export class Stock {
  #onHand = new Map();
  #reservations = new Map();
  #nextId = 1;

  /** @param {Record<string, number>} onHand @param {{ now?: () => number }} options */
  constructor(onHand, { now = () => performance.now() } = {}) {
    this.#onHand = new Map(Object.entries(onHand));
    this.now = now;
  }

  available(sku) {
    const reserved = [...this.#live()].filter((r) => r.sku === sku).reduce((sum, r) => sum + r.quantity, 0);
    return (this.#onHand.get(sku) ?? 0) - reserved;
  }

  /** Returns an id, or null when there is not enough. */
  reserve(sku, quantity, ttlMs) {
    if (quantity > this.available(sku)) return null;
    const id = this.#nextId++;
    this.#reservations.set(id, { sku, quantity, until: this.now() + ttlMs });
    return id;
  }

  release(id) {
    return this.#reservations.delete(id);
  }

  /** Takes the goods out of stock. Fails when the reservation has expired. */
  commit(id) {
    const reservation = this.#reservations.get(id);
    if (!reservation || reservation.until <= this.now()) throw new Error(`reservation ${id} has expired`);
    this.#reservations.delete(id);
    this.#onHand.set(reservation.sku, (this.#onHand.get(reservation.sku) ?? 0) - reservation.quantity);
  }

  receive(sku, quantity) {
    this.#onHand.set(sku, (this.#onHand.get(sku) ?? 0) + quantity);
  }

  *#live() {
    for (const [id, reservation] of this.#reservations) {
      if (reservation.until <= this.now()) this.#reservations.delete(id);
      else yield reservation;
    }
  }
}

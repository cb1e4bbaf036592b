import { Money } from './money.js';

const MAX_QUANTITY = 99;

/** Lines in the order in which they were added; one line a product. */
export class Cart {
  /** @type {Map<string, { product: import('./catalogue.js').Product, quantity: number }>} */
  #lines = new Map();

  get lines() {
    return [...this.#lines.values()].map((line) => ({ ...line, total: new Money(line.product.price.cents * line.quantity, line.product.price.currency) }));
  }

  get isEmpty() {
    return this.#lines.size === 0;
  }

  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  get grams() {
    return this.lines.reduce((sum, line) => sum + line.product.grams * line.quantity, 0);
  }

  get subtotal() {
    return Money.sum(this.lines.map((line) => line.total));
  }

  /** @param {import('./catalogue.js').Product} product */
  add(product, quantity = 1) {
    const line = this.#lines.get(product.sku);
    this.#put(product, (line?.quantity ?? 0) + checked(quantity));
    return this;
  }

  /** Zero removes the line. @param {string} sku @param {number} quantity */
  setQuantity(sku, quantity) {
    const line = this.#lines.get(sku);
    if (!line) throw new Error(`${sku} is not in the cart`);
    if (quantity === 0) this.#lines.delete(sku);
    else this.#put(line.product, checked(quantity));
    return this;
  }

  /** @param {string} sku */
  remove(sku) {
    this.#lines.delete(sku);
    return this;
  }

  /** Takes over the lines of another cart, such as the one of a guest who has logged in. @param {Cart} other */
  merge(other) {
    for (const { product, quantity } of other.lines) {
      const own = this.#lines.get(product.sku)?.quantity ?? 0;
      this.#put(product, Math.min(MAX_QUANTITY, own + quantity));
    }
    return this;
  }

  #put(product, quantity) {
    if (quantity > MAX_QUANTITY) throw new RangeError(`at most ${MAX_QUANTITY} of ${product.sku} can be ordered at once`);
    this.#lines.set(product.sku, { product, quantity });
  }
}

function checked(quantity) {
  if (!Number.isInteger(quantity) || quantity < 1) throw new RangeError(`${quantity} is not a quantity`);
  return quantity;
}

/** Amounts are whole cents with a currency, so that sums are exact. */

export class Money {
  /** @param {number} cents @param {string} currency */
  constructor(cents, currency = 'EUR') {
    if (!Number.isSafeInteger(cents)) throw new RangeError(`${cents} is not a whole number of cents`);
    this.cents = cents;
    this.currency = currency;
    Object.freeze(this);
  }

  /** Reads `12`, `12.5`, `12.50` and `-3.99`. @param {string} text */
  static parse(text, currency = 'EUR') {
    const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text.trim());
    if (!match) throw new SyntaxError(`"${text}" is not an amount`);
    const [, sign, whole, fraction = ''] = match;
    const cents = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
    return new Money(sign === '-' ? -cents : cents, currency);
  }

  static zero(currency = 'EUR') {
    return new Money(0, currency);
  }

  /** @param {Money[]} amounts */
  static sum(amounts, currency = 'EUR') {
    return amounts.reduce((total, amount) => total.plus(amount), Money.zero(amounts[0]?.currency ?? currency));
  }

  /** @param {Money} other */
  plus(other) {
    this.#same(other);
    return new Money(this.cents + other.cents, this.currency);
  }

  /** @param {Money} other */
  minus(other) {
    this.#same(other);
    return new Money(this.cents - other.cents, this.currency);
  }

  /** Rounds halves to the even cent, so that many small roundings do not drift upwards. @param {number} factor */
  times(factor) {
    return new Money(roundHalfEven(this.cents * factor), this.currency);
  }

  /**
   * Splits into parts proportional to the weights that add up to the whole: cents that are left over go to the parts
   * that lost most by rounding down.
   * @param {number[]} weights
   */
  allocate(weights) {
    const sum = weights.reduce((a, b) => a + b, 0);
    if (weights.length === 0 || sum <= 0) throw new RangeError('there is nothing to allocate to');
    const exact = weights.map((weight) => (this.cents * weight) / sum);
    const parts = exact.map(Math.floor);
    let left = this.cents - parts.reduce((a, b) => a + b, 0);
    const byLoss = exact.map((value, index) => ({ index, loss: value - Math.floor(value) })).sort((a, b) => b.loss - a.loss || a.index - b.index);
    for (const { index } of byLoss) {
      if (left-- <= 0) break;
      parts[index] += 1;
    }
    return parts.map((cents) => new Money(cents, this.currency));
  }

  compare(other) {
    this.#same(other);
    return this.cents - other.cents;
  }

  isNegative() {
    return this.cents < 0;
  }

  toString() {
    const digits = String(Math.abs(this.cents)).padStart(3, '0');
    return `${this.cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)} ${this.currency}`;
  }

  toJSON() {
    return this.toString();
  }

  #same(other) {
    if (other.currency !== this.currency) throw new TypeError(`cannot combine ${this.currency} with ${other.currency}`);
  }
}

/** @param {number} value */
export function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (Math.abs(rest - 0.5) > 1e-9) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

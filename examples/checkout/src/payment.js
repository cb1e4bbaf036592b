import { setTimeout as sleep } from 'node:timers/promises';

/** The provider cannot be reached or is busy: worth another try. */
export class Unavailable extends Error {}
/** The provider said no. */
export class Declined extends Error {}

/**
 * Charges once, however often it is called with the same key; waits 2, 4, 8 … times `baseMs` between tries.
 * @param {{ charge(key: string, cents: number): Promise<{ id: string }> }} provider
 */
export async function charge(provider, key, amount, { tries = 4, baseMs = 100 } = {}) {
  if (amount.cents <= 0) throw new RangeError('there is nothing to charge');
  for (let attempt = 1; ; attempt++) {
    try {
      return await provider.charge(key, amount.cents);
    } catch (error) {
      if (!(error instanceof Unavailable) || attempt >= tries) throw error;
      await sleep(baseMs * 2 ** attempt);
    }
  }
}

/** A provider for tests and for the demo shop: fails as often as it is told to, and remembers keys. */
export class FakeProvider {
  charges = new Map();
  calls = 0;

  constructor({ failFirst = 0, decline = () => false, latencyMs = 20 } = {}) {
    Object.assign(this, { failFirst, decline, latencyMs });
  }

  async charge(key, cents) {
    this.calls++;
    await sleep(this.latencyMs);
    if (this.failFirst-- > 0) throw new Unavailable('503 from the payment provider');
    if (this.decline(cents)) throw new Declined('the card was declined');
    if (!this.charges.has(key)) this.charges.set(key, { id: `ch_${this.charges.size + 1}`, cents });
    return this.charges.get(key);
  }
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Money } from '../src/money.js';
import { charge, Declined, FakeProvider, Unavailable } from '../src/payment.js';

const amount = new Money(4724);

describe('charging', () => {
  it('charges once', async () => {
    const provider = new FakeProvider();
    assert.deepEqual(await charge(provider, 'order-1', amount), { id: 'ch_1', cents: 4724 });
  });
  it('does not charge twice for the same order', async () => {
    const provider = new FakeProvider();
    await Promise.all([charge(provider, 'order-1', amount), charge(provider, 'order-1', amount)]);
    assert.equal(provider.charges.size, 1);
  });
  it('refuses to charge nothing', async () => {
    await assert.rejects(charge(new FakeProvider(), 'order-1', Money.zero()), RangeError);
  });
  it('does not try again when the card was declined', async () => {
    const provider = new FakeProvider({ decline: () => true });
    await assert.rejects(charge(provider, 'order-1', amount), Declined);
    assert.equal(provider.calls, 1);
  });
});

describe('when the provider is down', () => {
  it('waits and tries again', async () => {
    const provider = new FakeProvider({ failFirst: 2 });
    await charge(provider, 'order-1', amount);
    assert.deepEqual([provider.calls, provider.charges.size], [3, 1]);
  });
  it('waits longer each time', async () => {
    const provider = new FakeProvider({ failFirst: 3, latencyMs: 1 });
    const start = performance.now();
    await charge(provider, 'order-1', amount, { baseMs: 60 });
    assert.ok(performance.now() - start >= 60 * (2 + 4 + 8) - 20);
  });
  it('gives up in the end', async () => {
    const provider = new FakeProvider({ failFirst: 99, latencyMs: 1 });
    await assert.rejects(charge(provider, 'order-1', amount, { tries: 3, baseMs: 40 }), Unavailable);
    assert.equal(provider.calls, 3);
  });
});

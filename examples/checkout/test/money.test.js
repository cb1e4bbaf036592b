import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { Money, roundHalfEven } from '../src/money.js';

describe('parsing', () => {
  for (const [text, cents] of [['12', 1200], ['12.5', 1250], ['12.50', 1250], ['0.07', 7], ['-3.99', -399], [' 1.00 ', 100]]) {
    it(`reads ${JSON.stringify(text)}`, () => assert.equal(Money.parse(text).cents, cents));
  }
  for (const text of ['', '1,50', '1.505', 'EUR 1', '--1', '1e3']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => Money.parse(text), SyntaxError));
  }
});

describe('arithmetic', () => {
  it('adds and subtracts', () => {
    assert.deepEqual(new Money(1050).plus(new Money(250)).minus(new Money(300)), new Money(1000));
  });
  it('refuses to mix currencies', () => {
    assert.throws(() => new Money(1).plus(new Money(1, 'CHF')), /cannot combine EUR with CHF/);
  });
  it('refuses fractions of a cent', () => {
    assert.throws(() => new Money(0.5), RangeError);
  });
  it('rounds halves to the even cent', () => {
    assert.deepEqual([0.5, 1.5, 2.5, 2.4999, -0.5, -1.5].map(roundHalfEven), [0, 2, 2, 2, 0, -2]);
  });
});

describe('allocation', () => {
  it('gives left-over cents to who lost most', () => {
    assert.deepEqual(new Money(100).allocate([1, 1, 1]).map(String), ['0.34 EUR', '0.33 EUR', '0.33 EUR']);
  });
  it('keeps the proportions', () => {
    assert.deepEqual(new Money(1000).allocate([70, 20, 10]).map((m) => m.cents), [700, 200, 100]);
  });
  it('always adds up', () => {
    for (let cents = 1; cents < 500; cents += 7) {
      const parts = new Money(cents).allocate([3, 5, 11, 0.5]);
      assert.equal(Money.sum(parts).cents, cents);
    }
  });
  it('needs somebody to allocate to', () => {
    assert.throws(() => new Money(5).allocate([]), RangeError);
  });
});

test('prints two digits, always', () => {
  assert.deepEqual([0, 5, 50, 500, -5].map((c) => String(new Money(c))), ['0.00 EUR', '0.05 EUR', '0.50 EUR', '5.00 EUR', '-0.05 EUR']);
});

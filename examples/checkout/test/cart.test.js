import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Cart } from '../src/cart.js';
import { product } from '../src/catalogue.js';

describe('cart', () => {
  let cart;
  beforeEach(() => {
    cart = new Cart();
  });

  it('starts empty', () => {
    assert.deepEqual([cart.isEmpty, cart.count, String(cart.subtotal)], [true, 0, '0.00 EUR']);
  });

  it('adds up', () => {
    cart.add(product('MUG-01'), 2).add(product('TEA-MINT'));
    assert.equal(String(cart.subtotal), '21.59 EUR');
  });

  it('keeps one line for a product', () => {
    cart.add(product('MUG-01')).add(product('MUG-01'), 3);
    assert.deepEqual(cart.lines.map((l) => [l.product.sku, l.quantity]), [['MUG-01', 4]]);
  });

  it('keeps the order of adding', () => {
    cart.add(product('KETTLE')).add(product('MUG-01')).add(product('KETTLE'));
    assert.deepEqual(cart.lines.map((l) => l.product.sku), ['KETTLE', 'MUG-01']);
  });

  it('weighs what is in it', () => {
    cart.add(product('BOOK-SEA'), 2).add(product('TEA-MINT'));
    assert.equal(cart.grams, 1335);
  });

  describe('quantities', () => {
    for (const bad of [0, -1, 1.5, Number.NaN, '2']) {
      it(`refuses ${String(bad)}`, () => assert.throws(() => cart.add(product('MUG-01'), bad), /is not a quantity/));
    }
    it('removes a line at zero', () => {
      cart.add(product('MUG-01')).setQuantity('MUG-01', 0);
      assert.equal(cart.isEmpty, true);
    });
    it('has an upper limit', () => {
      cart.add(product('MUG-01'), 99);
      assert.throws(() => cart.add(product('MUG-01')), /at most 99 of MUG-01/);
    });
    it('cannot be set for what is not there', () => {
      assert.throws(() => cart.setQuantity('MUG-01', 2), /MUG-01 is not in the cart/);
    });
  });

  it('takes over the cart of a guest', () => {
    const guest = new Cart().add(product('MUG-01'), 60).add(product('KETTLE'));
    cart.add(product('MUG-01'), 60).merge(guest);
    assert.deepEqual(cart.lines.map((l) => [l.product.sku, l.quantity]), [['MUG-01', 99], ['KETTLE', 1]]);
  });

  it.todo('remembers prices from the time of adding');
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cart } from '../src/cart.js';
import { product } from '../src/catalogue.js';
import { placeOrder, quote } from '../src/orders.js';
import { Declined, FakeProvider } from '../src/payment.js';
import { Stock } from '../src/stock.js';

const home = { country: 'DE', postcode: '20095' };
const cart = () => new Cart().add(product('MUG-01'), 2).add(product('BOOK-TEA'));

describe('quote', () => {
  it('adds shipping', () => {
    const { subtotal, shipping, total } = quote(cart(), home);
    assert.deepEqual([subtotal, shipping, total].map(String), ['36.30 EUR', '4.90 EUR', '41.20 EUR']);
  });
  it('spreads a voucher over the tax rates', () => {
    const { off, tax } = quote(cart(), { ...home, vouchers: [{ code: 'TEN', kind: 'percent', value: 10 }] });
    assert.equal(String(off), '3.63 EUR');
    assert.deepEqual(tax.map((t) => [t.percent, String(t.gross)]), [[19, '20.92 EUR'], [7, '16.65 EUR']]);
  });
  it('tells which vouchers were refused', () => {
    const late = { code: 'XMAS', kind: 'percent', value: 50, until: '2020-12-31' };
    assert.deepEqual(quote(cart(), { ...home, vouchers: [late] }).refused, ['XMAS has expired on 2020-12-31']);
  });
  it('gross is net and tax', () => {
    for (const { net, tax, gross } of quote(cart(), home).tax) assert.equal(net.plus(tax).cents, gross.cents);
  });
});

describe('placing an order', () => {
  it('charges the total and takes the goods', async () => {
    const stock = new Stock({ 'MUG-01': 5, 'BOOK-TEA': 1 });
    const order = await placeOrder(cart(), { id: 7, stock, provider: new FakeProvider(), ...home });
    assert.deepEqual([order.payment, String(order.total), stock.available('MUG-01'), stock.available('BOOK-TEA')], ['ch_1', '41.20 EUR', 3, 0]);
  });
  it('reserves nothing when something is sold out', async () => {
    const stock = new Stock({ 'MUG-01': 5 });
    await assert.rejects(placeOrder(cart(), { id: 7, stock, provider: new FakeProvider(), ...home }), /The Tea Almanac is sold out/);
    assert.equal(stock.available('MUG-01'), 5);
  });
  it('gives the goods back when the card is declined', async () => {
    const stock = new Stock({ 'MUG-01': 5, 'BOOK-TEA': 1 });
    const provider = new FakeProvider({ decline: () => true });
    await assert.rejects(placeOrder(cart(), { id: 7, stock, provider, ...home }), Declined);
    assert.deepEqual([stock.available('MUG-01'), stock.available('BOOK-TEA')], [5, 1]);
  });
  it('refuses an empty cart', async () => {
    await assert.rejects(placeOrder(new Cart(), { id: 7, stock: new Stock({}), provider: new FakeProvider(), ...home }), /the cart is empty/);
  });
  it('sells the last piece once', async () => {
    const stock = new Stock({ 'MUG-01': 2, 'BOOK-TEA': 1 });
    const provider = new FakeProvider();
    const orders = [1, 2, 3].map((id) => placeOrder(cart(), { id, stock, provider, ...home }));
    const outcomes = await Promise.allSettled(orders);
    assert.deepEqual(outcomes.map((o) => o.status), ['fulfilled', 'rejected', 'rejected']);
  });
});

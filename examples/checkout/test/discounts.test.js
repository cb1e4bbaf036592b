import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cart } from '../src/cart.js';
import { product } from '../src/catalogue.js';
import { applyVouchers, reduction, refusal } from '../src/discounts.js';
import { Money } from '../src/money.js';

const now = new Date('2026-03-10T12:00:00Z');
const tea = () => new Cart().add(product('TEA-ASSAM'), 2).add(product('TEA-MINT'), 2);

describe('validity', () => {
  const voucher = { code: 'SPRING', kind: 'percent', value: 10, from: '2026-03-01', until: '2026-03-31' };
  for (const [day, expected] of [
    ['2026-02-28', 'SPRING is not valid before 2026-03-01'],
    ['2026-03-01', null],
    ['2026-03-31', null],
    ['2026-04-01', 'SPRING has expired on 2026-03-31'],
  ]) {
    it(`${day}: ${expected ?? 'valid'}`, () => assert.equal(refusal(voucher, tea(), new Date(`${day}T10:00:00Z`)), expected));
  }
  it('depends on the value of the order', () => {
    assert.equal(refusal({ code: 'BIG', kind: 'fixed', value: 500, minimum: new Money(5000) }, tea(), now), 'BIG needs an order of at least 50.00 EUR');
  });
});

describe('kinds', () => {
  it('percent', () => assert.equal(String(reduction({ code: 'P', kind: 'percent', value: 15 }, tea())), '3.08 EUR'));
  it('fixed', () => assert.equal(String(reduction({ code: 'F', kind: 'fixed', value: 500 }, tea())), '5.00 EUR'));
  it('fixed is never more than the cart', () => assert.equal(String(reduction({ code: 'F', kind: 'fixed', value: 9900 }, tea())), '20.56 EUR'));
  it('every third piece free, cheapest of three', () => assert.equal(String(reduction({ code: 'T', kind: 'third-free' }, tea())), '3.79 EUR'));
  it('unknown', () => assert.throws(() => reduction({ code: 'X', kind: 'magic' }, tea()), /unknown kind of voucher: magic/));
});

describe('several vouchers', () => {
  const ten = { code: 'TEN', kind: 'percent', value: 10 };
  const five = { code: 'FIVE', kind: 'fixed', value: 500 };
  const staff = { code: 'STAFF', kind: 'percent', value: 20, stacks: true };
  it('the one that saves most counts', () => {
    assert.deepEqual(applyVouchers([ten, five], tea(), now), { used: ['FIVE'], off: new Money(500), refused: [] });
  });
  it('those that stack count as well', () => {
    assert.deepEqual(applyVouchers([ten, staff], tea(), now), { used: ['TEN', 'STAFF'], off: new Money(617), refused: [] });
  });
  it('the same code counts once', () => {
    assert.equal(String(applyVouchers([staff, staff], tea(), now).off), '4.11 EUR');
  });
  it('never more than the cart', () => {
    const all = { code: 'ALL', kind: 'percent', value: 100 };
    assert.deepEqual(applyVouchers([all, staff], tea(), now).off, tea().subtotal);
  });
});

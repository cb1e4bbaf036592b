import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Stock } from '../src/stock.js';

describe('reservations', () => {
  it('lower what is available', () => {
    const stock = new Stock({ MUG: 5 });
    stock.reserve('MUG', 3, 1000);
    assert.equal(stock.available('MUG'), 2);
  });
  it('are refused when there is not enough', () => {
    const stock = new Stock({ MUG: 5 });
    stock.reserve('MUG', 3, 1000);
    assert.equal(stock.reserve('MUG', 3, 1000), null);
  });
  it('can be given back', () => {
    const stock = new Stock({ MUG: 5 });
    const id = stock.reserve('MUG', 3, 1000);
    assert.deepEqual([stock.release(id), stock.release(id), stock.available('MUG')], [true, false, 5]);
  });
  it('become sales', () => {
    const stock = new Stock({ MUG: 5 });
    stock.commit(stock.reserve('MUG', 3, 1000));
    assert.equal(stock.available('MUG'), 2);
  });
  it('are unknown for what was never in stock', () => {
    assert.equal(new Stock({}).reserve('KETTLE', 1, 1000), null);
  });
});

describe('in real time', () => {
  it('a reservation expires', async () => {
    const stock = new Stock({ MUG: 1 });
    const id = stock.reserve('MUG', 1, 700);
    await sleep(900);
    assert.equal(stock.available('MUG'), 1);
    assert.throws(() => stock.commit(id), /reservation 1 has expired/);
  });
  it('one that was renewed in time does not', async () => {
    const stock = new Stock({ MUG: 1 });
    let id = stock.reserve('MUG', 1, 5000);
    for (let i = 0; i < 4; i++) {
      await sleep(200);
      stock.release(id);
      id = stock.reserve('MUG', 1, 5000);
    }
    stock.commit(id);
    assert.equal(stock.available('MUG'), 0);
  });
  it('goods that arrive serve who waits', async () => {
    const stock = new Stock({ MUG: 0 });
    const delivery = sleep(600).then(() => stock.receive('MUG', 10));
    while (stock.reserve('MUG', 4, 1000) === null) await sleep(50);
    await delivery;
    assert.equal(stock.available('MUG'), 6);
  });
});

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { catalogue } from '../src/catalogue.js';
import { editDistance, SearchIndex } from '../src/search.js';

describe('edit distance', () => {
  for (const [a, b, n] of [['kettle', 'kettle', 0], ['kettle', 'kettel', 2], ['tea', 'teas', 1], ['', 'mug', 3], ['book', 'back', 2]]) {
    it(`${a || '(nothing)'} → ${b}: ${n}`, () => assert.equal(editDistance(a, b), n));
  }
});

describe('the shop', () => {
  const index = new SearchIndex(catalogue().map((p) => p.name));
  it('finds a product by a word', () => assert.equal(index.find('kettle')[0], 'Cast iron kettle'));
  it('forgives a typing error', () => assert.equal(index.find('pepermint')[0], 'Peppermint, loose, 100 g'));
  it('finds nothing for nonsense', () => assert.deepEqual(index.find('qqqq'), []));
});

describe('a large catalogue', () => {
  const COLOURS = ['black', 'white', 'navy', 'olive', 'sand', 'rust', 'plum', 'teal'];
  const THINGS = ['shirt', 'kettle', 'teapot', 'saucer', 'strainer', 'notebook', 'lantern', 'blanket', 'basket', 'candle'];
  const PLACES = Array.from({ length: 250 }, (_, i) => `series ${(i * 7919) % 9973}`);
  let index;
  before(() => {
    index = new SearchIndex(THINGS.flatMap((thing) => COLOURS.flatMap((colour) => PLACES.map((place) => `${thing} ${colour} ${place}`))));
  });
  it('holds 20,000 products', () => assert.equal(index.size, 20_000));
  it('finds the exact name first', () => {
    const name = `lantern olive ${PLACES[123]}`;
    assert.equal(index.find(name)[0], name);
  });
  for (const query of ['latern olive', 'tepot navy', 'blancket sand', 'notebok plum']) {
    it(`forgives "${query}"`, () => {
      const [, colour] = query.split(' ');
      const found = index.find(query, 20);
      assert.deepEqual(found.filter((name) => !name.includes(colour)), []);
    });
  }
});

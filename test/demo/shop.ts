/** A small shop with four suites of different weight, on a branch of a fake code host; nothing needs to be installed. */
import type { BareRepository } from '../support/fake-host/repository.js';

const test = (name: string, body: string, ms = 0): string => `
import test from 'node:test';
import assert from 'node:assert';
import { price, total } from '../../src/server/prices.js';
test(${JSON.stringify(name)}, async () => {
  await new Promise((resolve) => setTimeout(resolve, ${ms}));
  ${body}
});
`;

const suite = (name: string, priority: string): string =>
  `  - { name: ${name}, framework: node-test, include: ['test/${name}/**'], priority: ${priority}, retries: 0 }`;

export const PRICES = `export const price = (cents) => (cents / 100).toFixed(2);
export const total = (items) => items.reduce((sum, item) => sum + item.cents * item.count, 0);
`;
const STOCK = `export const enough = (stock, wanted) => stock >= wanted;
`;
const STOCK_TEST = `
import test from 'node:test';
import assert from 'node:assert';
import { enough } from '../../src/server/stock.js';
test('the last piece can be sold', () => assert.equal(enough(3, 3), true));
test('what is there can be sold', () => assert.equal(enough(4, 3), true));
test('what is not there cannot be sold', () => assert.equal(enough(2, 3), false));
`;

export const SHOP: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ name: 'shop', type: 'module' }),
  'baton.config.yaml': [
    'project: shop',
    'lanes: 2',
    'suites:',
    suite('unit', 'high'),
    suite('integration', 'medium'),
    suite('snapshots', 'low'),
    suite('smoke', 'critical'),
    'postDeploy: { smoke: [smoke], integration: [integration] }',
    '',
  ].join('\n'),
  'src/server/prices.js': PRICES,
  'src/server/stock.js': STOCK,
  'README.md': '# Shop\n',
  'test/unit/price.test.js': test('a price has two digits', "assert.equal(price(1999), '19.99');", 400),
  'test/unit/total.test.js': test(
    'a total counts every piece',
    'assert.equal(total([{ cents: 100, count: 3 }, { cents: 50, count: 1 }]), 350);',
    400,
  ),
  'test/unit/stock.test.js': STOCK_TEST,
  'test/integration/shop.test.js': test(
    'price and total fit',
    "assert.equal(price(total([{ cents: 5, count: 2 }])), '0.10');",
  ),
  'test/snapshots/price.test.js': test('a price looks as before', "assert.equal(price(100), '1.00');"),
  'test/smoke/up.test.js': test('the shop answers', 'assert.ok(price(1));'),
};

/** Each is one commit on a branch of its own, made from main. */
export const CHANGES = {
  green: { 'src/server/prices.js': `${PRICES}export const free = () => price(0);\n` },
  red: { 'src/server/prices.js': PRICES.replace('item.cents * item.count', 'item.cents + item.count') },
  mendable: { 'src/server/stock.js': STOCK.replace('>=', '>') },
  unmendable: { 'src/server/stock.js': `import './shelf.js';\n${STOCK}` },
  warned: { 'test/snapshots/price.test.js': test('a price looks as before', "assert.equal(price(100), '1,00');") },
  down: { 'test/smoke/up.test.js': test('the shop answers', "assert.fail('connection refused');") },
} as const;

export function fillShop(git: BareRepository): void {
  git.commit('main', SHOP, 'a shop');
}

export function changeShop(git: BareRepository, change: keyof typeof CHANGES, branch = `feature/${change}`): string {
  if (!git.head(branch)) git.git('branch', branch, 'main');
  return git.commit(branch, CHANGES[change], `${change}: a change of prices`);
}

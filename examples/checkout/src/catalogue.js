import { Money } from './money.js';

/**
 * @typedef {{ sku: string, name: string, price: Money, category: 'standard' | 'food' | 'book', grams: number }} Product
 */

const ROWS = [
  ['MUG-01', 'Enamel mug', '8.90', 'standard', 320],
  ['TEE-BLK-M', 'T-shirt, black, M', '21.90', 'standard', 180],
  ['TEE-BLK-L', 'T-shirt, black, L', '21.90', 'standard', 195],
  ['BOOK-SEA', 'A Field Guide to the Sea', '24.00', 'book', 610],
  ['BOOK-TEA', 'The Tea Almanac', '18.50', 'book', 430],
  ['TEA-ASSAM', 'Assam, loose, 250 g', '6.49', 'food', 270],
  ['TEA-MINT', 'Peppermint, loose, 100 g', '3.79', 'food', 115],
  ['KETTLE', 'Cast iron kettle', '74.95', 'standard', 2900],
];

/** @returns {Product[]} */
export function catalogue() {
  return ROWS.map(([sku, name, price, category, grams]) => ({ sku, name, price: Money.parse(price), category, grams }));
}

/** @param {string} sku */
export function product(sku) {
  const found = catalogue().find((p) => p.sku === sku);
  if (!found) throw new Error(`there is no product ${sku}`);
  return found;
}

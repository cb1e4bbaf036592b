import { Money } from './money.js';

const BANDS = [
  { upTo: 500, price: 290 },
  { upTo: 2000, price: 490 },
  { upTo: 10000, price: 790 },
];
const FREE_FROM = new Money(6000);
const ISLANDS = /^(?:18565|25[89]\d\d|26465|2654[89]|2657\d|26757)$/;

/** @param {{ grams: number, subtotal: Money, country: string, postcode: string }} parcel */
export function shippingCost({ grams, subtotal, country, postcode }) {
  if (grams <= 0) return Money.zero();
  const band = BANDS.find((b) => grams <= b.upTo);
  if (!band) throw new RangeError(`${(grams / 1000).toFixed(1)} kg is too heavy for a parcel`);
  const abroad = country === 'DE' ? 0 : 600;
  const island = country === 'DE' && ISLANDS.test(postcode) ? 450 : 0;
  const base = country === 'DE' && subtotal.compare(FREE_FROM) >= 0 ? 0 : band.price;
  return new Money(base + abroad + island);
}

/** Warehouses that are equally near share the work: the choice among them is left to chance. */
export function nearestWarehouse(postcode, warehouses) {
  const region = Number(postcode[0]);
  const distance = (w) => Math.min(...w.regions.map((r) => Math.abs(r - region)));
  const least = Math.min(...warehouses.map(distance));
  const nearest = warehouses.filter((w) => distance(w) === least);
  return nearest[Math.floor(Math.random() * nearest.length)];
}

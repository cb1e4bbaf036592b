import { Money } from './money.js';

/** VAT in percent by country and category of goods. */
const RATES = {
  DE: { standard: 19, food: 7, book: 7 },
  AT: { standard: 20, food: 10, book: 10 },
  FR: { standard: 20, food: 5.5, book: 5.5 },
  IE: { standard: 23, food: 0, book: 0 },
};

export function taxRate(country, category) {
  const rates = RATES[country];
  if (!rates) throw new Error(`no tax rates for ${country}`);
  return rates[category] ?? rates.standard;
}

/** The tax that is contained in a gross amount. @param {Money} gross @param {number} percent */
export function containedTax(gross, percent) {
  return gross.times(percent / (100 + percent));
}

/**
 * Net, tax and gross for each rate, highest rate first, as an invoice must show them.
 * @param {{ gross: Money, category: string }[]} lines
 */
export function taxSummary(lines, country) {
  const byRate = new Map();
  for (const { gross, category } of lines) {
    const percent = taxRate(country, category);
    const entry = byRate.get(percent) ?? { percent, net: Money.zero(), tax: Money.zero(), gross: Money.zero() };
    const tax = containedTax(gross, percent);
    byRate.set(percent, { percent, net: entry.net.plus(gross.minus(tax)), tax: entry.tax.plus(tax), gross: entry.gross.plus(gross) });
  }
  return [...byRate.values()].sort((a, b) => b.percent - a.percent);
}

/** A customer in another EU country with a VAT id pays none here. */
export function isReverseCharge(from, to, vatId) {
  return from !== to && to in RATES && /^[A-Z]{2}[0-9A-Z]{8,12}$/.test(vatId ?? '') && vatId.startsWith(to);
}

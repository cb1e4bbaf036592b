import { applyVouchers } from './discounts.js';
import { Money } from './money.js';
import { charge } from './payment.js';
import { shippingCost } from './shipping.js';
import { taxSummary } from './tax.js';

const RESERVATION_MS = 15 * 60_000;

/**
 * What an order costs, without doing anything. A reduction is spread over the lines by their value, because each line has
 * its own tax rate.
 */
export function quote(cart, { country, postcode, vouchers = [], now = new Date() }) {
  const { off, used, refused } = applyVouchers(vouchers, cart, now);
  const lines = cart.lines;
  const reductions = off.cents === 0 ? lines.map(() => Money.zero()) : off.allocate(lines.map((line) => line.total.cents));
  const shipping = shippingCost({ grams: cart.grams, subtotal: cart.subtotal.minus(off), country, postcode });
  const taxed = lines.map((line, i) => ({ gross: line.total.minus(reductions[i]), category: line.product.category }));
  if (shipping.cents > 0) taxed.push({ gross: shipping, category: 'standard' });
  return {
    subtotal: cart.subtotal,
    off,
    shipping,
    total: cart.subtotal.minus(off).plus(shipping),
    tax: taxSummary(taxed, country),
    vouchers: used,
    refused,
  };
}

/** Reserves, charges, takes out of stock. Whatever fails, nothing stays reserved. */
export async function placeOrder(cart, { id, stock, provider, ...where }) {
  if (cart.isEmpty) throw new Error('the cart is empty');
  const reserved = [];
  try {
    for (const { product, quantity } of cart.lines) {
      const reservation = stock.reserve(product.sku, quantity, RESERVATION_MS);
      if (reservation === null) throw new Error(`${product.name} is sold out`);
      reserved.push(reservation);
    }
    const costs = quote(cart, where);
    const payment = await charge(provider, `order-${id}`, costs.total, where.payment);
    for (const reservation of reserved.splice(0)) stock.commit(reservation);
    return { id, payment: payment.id, ...costs };
  } finally {
    for (const reservation of reserved) stock.release(reservation);
  }
}

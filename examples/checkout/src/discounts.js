import { Money } from './money.js';

/**
 * @typedef {{ code: string, kind: 'percent' | 'fixed' | 'third-free', value?: number, from?: string, until?: string, minimum?: Money, stacks?: boolean }} Voucher
 */

/** Why a voucher cannot be used, or null. @param {Voucher} voucher @param {import('./cart.js').Cart} cart @param {Date} now */
export function refusal(voucher, cart, now) {
  const day = now.toISOString().slice(0, 10);
  if (voucher.from && day < voucher.from) return `${voucher.code} is not valid before ${voucher.from}`;
  if (voucher.until && day > voucher.until) return `${voucher.code} has expired on ${voucher.until}`;
  if (voucher.minimum && cart.subtotal.compare(voucher.minimum) < 0) return `${voucher.code} needs an order of at least ${voucher.minimum}`;
  return null;
}

/** What a voucher takes off, never more than the cart is worth. @param {Voucher} voucher @param {import('./cart.js').Cart} cart */
export function reduction(voucher, cart) {
  switch (voucher.kind) {
    case 'percent':
      return cart.subtotal.times((voucher.value ?? 0) / 100);
    case 'fixed':
      return new Money(Math.min(voucher.value ?? 0, cart.subtotal.cents));
    case 'third-free':
      return thirdFree(cart);
    default:
      throw new Error(`unknown kind of voucher: ${voucher.kind}`);
  }
}

/** Of every three pieces, counted from the dearest, the third costs nothing. */
function thirdFree(cart) {
  const prices = cart.lines.flatMap((line) => Array(line.quantity).fill(line.product.price)).sort((a, b) => b.compare(a));
  return Money.sum(prices.filter((_, index) => index % 3 === 2));
}

/**
 * Vouchers that stack are all used; of the others the one that saves most. Returns what was used, and the refused with
 * the reason.
 * @param {Voucher[]} vouchers
 */
export function applyVouchers(vouchers, cart, now) {
  const refused = [];
  const usable = [];
  for (const voucher of new Map(vouchers.map((v) => [v.code, v])).values()) {
    const reason = refusal(voucher, cart, now);
    if (reason) refused.push(reason);
    else usable.push({ voucher, off: reduction(voucher, cart) });
  }
  const best = usable.filter((u) => !u.voucher.stacks).sort((a, b) => b.off.compare(a.off)).slice(0, 1);
  const used = [...best, ...usable.filter((u) => u.voucher.stacks)];
  const off = Money.sum(used.map((u) => u.off));
  const capped = off.compare(cart.subtotal) > 0 ? cart.subtotal : off;
  return { used: used.map((u) => u.voucher.code), off: capped, refused };
}

/** A receipt as plain text, 40 columns wide. */
const WIDTH = 40;

export function receipt(cart, costs) {
  const rule = '-'.repeat(WIDTH);
  return [
    ...cart.lines.flatMap((line) => [row(line.product.name, amount(line.total)), ...(line.quantity > 1 ? [`  ${line.quantity} x ${amount(line.product.price)}`] : [])]),
    rule,
    row('Subtotal', amount(costs.subtotal)),
    ...(costs.off.cents > 0 ? [row(`Voucher ${costs.vouchers.join(', ')}`, `-${amount(costs.off)}`)] : []),
    row('Shipping', costs.shipping.cents === 0 ? 'free' : amount(costs.shipping)),
    rule,
    row('TOTAL', amount(costs.total)),
    ...costs.tax.map((t) => row(`  incl. VAT ${t.percent} %`, amount(t.tax))),
  ].join('\n');
}

const amount = (money) => money.toString().replace(' EUR', '');

function row(left, right) {
  const room = WIDTH - right.length - 1;
  return `${left.length > room ? `${left.slice(0, room - 1)}…` : left.padEnd(room)} ${right}`;
}

"""Exchange rates, and prices that look like prices in the currency they are in."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from pricing.rules import cents

RATES = {"EUR": Decimal("1"), "CHF": Decimal("0.94"), "SEK": Decimal("11.20"), "USD": Decimal("1.08"), "JPY": Decimal("162")}
ENDINGS = {"EUR": Decimal("0.99"), "CHF": Decimal("0.90"), "USD": Decimal("0.99")}


def convert(amount: Decimal, source: str, target: str) -> Decimal:
    try:
        return cents(amount / RATES[source] * RATES[target])
    except KeyError as unknown:
        raise ValueError(f"unknown currency: {unknown.args[0]}") from None


def shelf_price(amount: Decimal, currency: str) -> Decimal:
    """The next price that ends as customers expect: 12.34 becomes 12.99 EUR, 1998 becomes 2000 JPY."""
    if currency == "JPY":
        return (amount / 100).to_integral_value(rounding=ROUND_CEILING) * 100
    ending = ENDINGS.get(currency)
    if ending is None:
        return amount.to_integral_value(rounding=ROUND_CEILING)
    whole = amount // 1
    candidate = whole + ending
    return candidate if candidate >= amount else candidate + 1

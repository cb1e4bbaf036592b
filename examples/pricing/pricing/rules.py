"""Price rules: who pays what, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Callable, Iterable

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Customer:
    group: str = "retail"
    orders: int = 0
    country: str = "DE"


@dataclass(frozen=True)
class Quote:
    """A price with the steps that led to it."""

    price: Decimal
    steps: tuple[str, ...] = ()

    def changed(self, price: Decimal, reason: str) -> "Quote":
        return Quote(cents(price), self.steps + (f"{reason}: {cents(price)}",))


@dataclass(frozen=True)
class Rule:
    name: str
    applies: Callable[[Customer, int], bool]
    percent: Decimal
    exclusive: bool = False


def tier(least: int, percent: str) -> Rule:
    return Rule(f"from {least} pieces", lambda _c, n: n >= least, Decimal(percent), exclusive=True)


def group(name: str, percent: str) -> Rule:
    return Rule(f"group {name}", lambda c, _n: c.group == name, Decimal(percent))


def loyalty(orders: int, percent: str) -> Rule:
    return Rule(f"after {orders} orders", lambda c, _n: c.orders >= orders, Decimal(percent))


@dataclass
class PriceList:
    base: dict[str, Decimal]
    rules: list[Rule] = field(default_factory=list)
    floor: dict[str, Decimal] = field(default_factory=dict)

    def quote(self, sku: str, customer: Customer, quantity: int = 1) -> Quote:
        """Of the exclusive rules the best one counts; all others count one after another."""
        if sku not in self.base:
            raise KeyError(f"no price for {sku}")
        if quantity < 1:
            raise ValueError("quantity must be at least 1")
        quote = Quote(self.base[sku], (f"list price: {self.base[sku]}",))
        for rule in self._used(customer, quantity):
            quote = quote.changed(quote.price * (100 - rule.percent) / 100, rule.name)
        floor = self.floor.get(sku)
        if floor is not None and quote.price < floor:
            quote = quote.changed(floor, "lowest price")
        return quote

    def _used(self, customer: Customer, quantity: int) -> Iterable[Rule]:
        usable = [r for r in self.rules if r.applies(customer, quantity)]
        exclusive = [r for r in usable if r.exclusive]
        best = max(exclusive, key=lambda r: r.percent, default=None)
        return [r for r in usable if not r.exclusive or r is best]

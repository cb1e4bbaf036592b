from decimal import Decimal

import pytest

from pricing.currency import RATES, convert, shelf_price


@pytest.mark.parametrize(
    "amount, source, target, expected",
    [
        ("10.00", "EUR", "EUR", "10.00"),
        ("10.00", "EUR", "CHF", "9.40"),
        ("10.00", "EUR", "JPY", "1620.00"),
        ("112.00", "SEK", "EUR", "10.00"),
        ("0.00", "USD", "CHF", "0.00"),
    ],
)
def test_convert(amount, source, target, expected):
    assert convert(Decimal(amount), source, target) == Decimal(expected)


@pytest.mark.parametrize("currency", sorted(RATES))
def test_there_and_back(currency):
    there = convert(Decimal("500.00"), "EUR", currency)
    assert abs(convert(there, currency, "EUR") - Decimal("500.00")) <= Decimal("0.01")


def test_unknown_currency():
    with pytest.raises(ValueError, match="unknown currency: DOGE"):
        convert(Decimal("1"), "EUR", "DOGE")


@pytest.mark.parametrize(
    "amount, currency, expected",
    [
        ("12.34", "EUR", "12.99"),
        ("12.99", "EUR", "12.99"),
        ("12.95", "CHF", "13.90"),
        ("1998", "JPY", "2000"),
        ("2000", "JPY", "2000"),
        ("99.20", "SEK", "100"),
    ],
)
def test_shelf_price(amount, currency, expected):
    assert shelf_price(Decimal(amount), currency) == Decimal(expected)


@pytest.mark.xfail(reason="yen have no cents, but converted amounts still do", strict=True)
def test_yen_are_whole():
    assert convert(Decimal("9.99"), "EUR", "JPY") == Decimal("1618")

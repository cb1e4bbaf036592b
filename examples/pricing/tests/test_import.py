"""Reading a supplier's price file, slowly, as the supplier's server sends it."""

import csv
import io
import time
from decimal import Decimal, InvalidOperation

import pytest


def slow_lines(text: str, pause: float = 0.12):
    for line in text.splitlines():
        time.sleep(pause)
        yield line


def read_prices(lines):
    prices, errors = {}, []
    for number, row in enumerate(csv.reader(lines, delimiter=";"), start=1):
        try:
            sku, price = row
            prices[sku] = Decimal(price.replace(",", "."))
        except (ValueError, InvalidOperation):
            errors.append(f"line {number}: {';'.join(row)}")
    return prices, errors


def test_reads_a_slow_file(capsys):
    text = "\n".join(f"SKU-{n};{n},50" for n in range(10))
    prices, errors = read_prices(slow_lines(text))
    print(f"{len(prices)} prices read")
    assert (prices["SKU-7"], errors) == (Decimal("7.50"), [])


def test_bad_lines_are_reported():
    prices, errors = read_prices(io.StringIO("A;1,00\nB\nC;x\nD;2"))
    assert prices == {"A": Decimal("1.00"), "D": Decimal("2")}
    assert errors == ["line 2: B", "line 3: C;x"]


@pytest.mark.parametrize("text", ["", "\n"])
def test_nothing_to_read(text):
    prices, _ = read_prices(io.StringIO(text))
    assert prices == {}

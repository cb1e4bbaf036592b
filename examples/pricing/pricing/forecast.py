"""Demand forecasts: exponential smoothing with a weekly pattern, and what to order."""

from __future__ import annotations

import random
from statistics import NormalDist


def smooth(series: list[float], alpha: float = 0.3) -> float:
    if not series:
        raise ValueError("no history")
    level = series[0]
    for value in series[1:]:
        level += alpha * (value - level)
    return level


def weekly_pattern(series: list[float]) -> list[float]:
    """How the days of a week compare with its average. Needs two whole weeks."""
    if len(series) < 14:
        raise ValueError("two weeks of history are needed")
    mean = sum(series) / len(series)
    days = [series[day::7] for day in range(7)]
    return [sum(day) / len(day) / mean for day in days]


def forecast(series: list[float], days: int) -> list[float]:
    pattern = weekly_pattern(series)
    level = smooth([value / pattern[i % 7] for i, value in enumerate(series)])
    return [round(level * pattern[(len(series) + i) % 7], 1) for i in range(days)]


def reorder_point(daily: float, deviation: float, lead_days: int, service: float = 0.95) -> float:
    """Stock at which to order again, so that with probability `service` nothing runs out before the delivery."""
    return daily * lead_days + NormalDist().inv_cdf(service) * deviation * lead_days**0.5


def simulate_stock_outs(daily: float, deviation: float, lead_days: int, point: float, rounds: int, seed: int | None = None) -> float:
    """Share of deliveries before which the stock ran out."""
    dice = random.Random(seed)
    outs = 0
    for _ in range(rounds):
        demand = sum(max(0.0, dice.gauss(daily, deviation)) for _ in range(lead_days))
        outs += demand > point
    return outs / rounds

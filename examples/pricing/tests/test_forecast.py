import pytest

from pricing.forecast import forecast, reorder_point, simulate_stock_outs, smooth, weekly_pattern

WEEK = [20.0, 22.0, 21.0, 25.0, 34.0, 48.0, 12.0]


def test_smoothing_follows_slowly():
    assert smooth([10.0, 10.0, 20.0], alpha=0.5) == 15.0


def test_smoothing_needs_history():
    with pytest.raises(ValueError, match="no history"):
        smooth([])


def test_pattern_of_a_week():
    pattern = weekly_pattern(WEEK * 4)
    assert pattern.index(max(pattern)) == 5
    assert sum(pattern) == pytest.approx(7)


def test_pattern_needs_two_weeks():
    with pytest.raises(ValueError, match="two weeks"):
        weekly_pattern(WEEK)


def test_a_steady_week_is_forecast_as_it_is():
    assert forecast(WEEK * 6, 7) == pytest.approx(WEEK, abs=0.1)


@pytest.mark.parametrize("service, expected", [(0.5, 140.0), (0.95, 161.8), (0.99, 170.8)])
def test_reorder_point(service, expected):
    assert reorder_point(20, 5, 7, service) == pytest.approx(expected, abs=0.1)


# Twelve deliveries without a seed are too few to tell: about 46 of 100 runs see a stock-out.
def test_no_stock_out_in_a_season():
    point = reorder_point(20, 5, 7, 0.95)
    assert simulate_stock_outs(20, 5, 7, point, rounds=12) == 0


@pytest.mark.slow
@pytest.mark.parametrize("service", [0.9, 0.95, 0.99])
def test_the_service_level_is_reached(service):
    point = reorder_point(20, 5, 7, service)
    outs = simulate_stock_outs(20, 5, 7, point, rounds=120_000, seed=7)
    assert outs == pytest.approx(1 - service, abs=0.01)

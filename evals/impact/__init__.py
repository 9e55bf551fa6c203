"""Grades the impact score against the market: takes forecasts and outcomes, returns metrics with intervals, plots and a report."""

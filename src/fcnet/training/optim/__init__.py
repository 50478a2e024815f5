"""Optimisers, learning-rate schedules, and which parameters decay."""

__all__ = ["optimizers", "parameters", "schedules"]

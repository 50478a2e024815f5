"""Optimisers, what follows their updates, learning-rate schedules, and which parameters decay."""

__all__ = ["after", "optimizers", "parameters", "schedules"]

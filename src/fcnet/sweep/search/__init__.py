"""Searches by Optuna: which settings to try next, from how well others did by validation."""

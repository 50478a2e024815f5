"""Searches by Optuna: which settings to try next, from how well others did by validation.

Optuna and psycopg are an extra, ``pip install 'fcnet[search]'``, imported when a ``Study`` is opened. ``study`` hands
out trials and takes their results, ``watch`` reports a training to it, ``parameters`` tells what may be tried.
"""

__all__ = ["parameters", "study", "watch"]

"""Figures from plain arrays and records: no runs, no models. ``style`` imports matplotlib, and has to come first.

``canvas`` has what all share; ``curves`` draws one run, ``several`` and ``groups`` many of them over the epochs,
``compare`` many as points, ``answers`` and ``images`` what a model answers and has learned.
"""

__all__ = [
    "answers",
    "canvas",
    "compare",
    "curves",
    "groups",
    "images",
    "photos",
    "samples",
    "several",
    "style",
]

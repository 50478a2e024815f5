"""What runs have found, side by side: lists of runs (``listing``, ``table``), and comparisons of groups (``compare``).

``row`` is what one run's files say, ``columns`` what runs have in common and what sets them apart.

Nothing here imports torch, matplotlib or SciPy before it needs them: a list of a thousand runs appears at once.
"""

__all__ = ["columns", "compare", "listing", "row", "table"]

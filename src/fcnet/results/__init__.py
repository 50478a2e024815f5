"""What runs have found, side by side: lists of runs (``listing``, ``table``), and comparisons of groups (``compare``).

Nothing here imports torch, matplotlib or SciPy before it needs them: a list of a thousand runs appears at once.
"""

__all__ = ["columns", "compare", "listing", "row", "table"]

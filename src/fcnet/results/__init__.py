"""What runs have found, side by side: lists of runs (``listing``), and comparisons of groups of them (``comparison``).

Nothing here imports torch, matplotlib or SciPy before it needs them: a list of a thousand runs appears at once.
"""

__all__ = ["comparison", "listing", "table"]

"""``fcnet runs``, ``fcnet compare`` and ``fcnet report``: their options, and the calls."""

__all__ = ["compare", "report", "runs"]

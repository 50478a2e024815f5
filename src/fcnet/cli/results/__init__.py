"""``fcnet runs``, ``fcnet compare`` and ``fcnet export``: their options, and the calls."""

__all__ = ["compare", "export", "runs"]

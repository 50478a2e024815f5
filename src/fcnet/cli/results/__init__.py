"""``fcnet runs`` and ``fcnet compare``: their options, and the calls."""

__all__ = ["compare", "report", "runs"]

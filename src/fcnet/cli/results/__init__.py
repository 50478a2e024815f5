"""``fcnet runs``, ``compare``, ``report`` and ``export``: their options, and the calls."""

__all__ = ["compare", "export", "report", "runs"]

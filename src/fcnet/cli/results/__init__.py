"""``fcnet runs``, ``compare`` and ``export``: their options, and the calls."""

__all__ = ["compare", "export", "runs"]

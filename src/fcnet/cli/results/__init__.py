"""``fcnet runs``, ``compare``, ``report`` and ``export``: their options, and the calls."""

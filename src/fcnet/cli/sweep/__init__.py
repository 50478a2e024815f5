"""``fcnet sweep``: its commands, what they show, and the process of a worker."""

__all__ = ["commands"]

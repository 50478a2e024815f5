"""``fcnet data``: ``write`` writes image folders. It does without torch, and starts in a fraction of a second."""

__all__ = ["write"]

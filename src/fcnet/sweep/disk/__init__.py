"""A sweep on disk: its directory, who trains which of its runs (claims), and what went wrong with them (tries)."""

__all__ = ["claims", "folder", "host", "tries"]

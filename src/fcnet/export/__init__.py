"""Runs for use without fcnet: ``web`` writes a page that reads digits in a browser."""

__all__ = ["web"]

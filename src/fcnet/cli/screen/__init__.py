"""What a training looks like: the course's lines in a log, a table with a progress line on a terminal, a summary."""

__all__ = ["lines", "live", "summary"]

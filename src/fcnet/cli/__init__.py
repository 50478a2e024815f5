"""The command line: ``app`` parses, ``main`` turns errors into exit codes, ``console`` shows records."""

__all__ = ["main"]

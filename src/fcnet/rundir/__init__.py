"""A run on disk: where it is, who holds it, what it keeps, and which of its files are its own."""

__all__ = [
    "checkpoints",
    "directory",
    "environment",
    "find",
    "foreign",
    "lock",
    "log",
    "logs",
    "one_file",
    "own_files",
    "target",
    "tensor_files",
]

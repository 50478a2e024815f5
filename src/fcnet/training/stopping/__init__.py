"""Which epoch is the best by validation, and after which a training stops early."""

__all__ = ["early_stop"]

"""Decoded images on disk, under a fingerprint of their files: ``store`` finds or decodes them, in a ``form``."""

__all__ = ["form", "store"]

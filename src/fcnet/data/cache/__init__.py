"""Decoded images on disk, under a fingerprint of their files: ``store`` finds or decodes them."""

__all__ = ["store"]

"""What an autoencoder shows of itself and of images: what it decodes (decoded), and arrays for a report (shown)."""

__all__ = ["decoded", "shown"]

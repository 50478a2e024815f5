"""What an autoencoder shows of itself and of images, as plain arrays for a report: ``shown``."""

__all__ = ["shown"]

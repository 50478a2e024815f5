"""From one image file to grey pixels: ``decode`` reads any format; the other modules are its parts."""

__all__ = ["decode", "deskew", "forms", "grey", "png"]

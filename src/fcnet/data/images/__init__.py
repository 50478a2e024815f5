"""From one image file to grey pixels: ``decode`` reads any format; the other modules are its parts, and ``colour``
reads photos."""

__all__ = ["colour", "decode", "deskew", "forms", "grey", "png"]

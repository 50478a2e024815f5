"""Photos and drawings of digits, prepared as the training images show theirs (docs/photos.md).

``reading`` reads one file, ``style`` measures the training images, ``page`` finds the digits of a page. Below them,
``ground`` takes the paper off, ``rules`` the lines of ruled paper, ``marks`` chooses what belongs to the digit, and
``place`` draws it.
"""

__all__ = ["page", "place", "prepare", "reading", "style"]

"""Official files of known data sets: ``official`` says what they are, ``files`` reads and checks them."""

__all__ = ["files", "official"]

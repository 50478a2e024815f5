"""The number of CPU threads of a training: the one that is fastest now (``giving_way``), if all give ``equal_bits``."""

__all__ = ["giving_way"]

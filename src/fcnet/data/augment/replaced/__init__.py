"""Training images replaced by others: ``hands`` draws digits, ``outliers`` images that show none.

``pens`` and ``glyphs`` draw their signs.
"""

__all__ = ["hands", "outliers"]

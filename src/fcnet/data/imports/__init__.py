"""From the files that people have (CSV, idx, NumPy, Parquet) to an image folder: ``convert`` does it.

``recognise`` tells by their content what files are; ``tables``, ``idx``, ``arrays`` and ``parquet`` read one format
each, into ``parts``; ``pairing`` finds out which images and labels belong together, and which split they are.
"""

__all__ = ["convert", "idx", "parts"]

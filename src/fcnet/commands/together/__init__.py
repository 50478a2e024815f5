"""Several runs trained together in one process, each into its own run directory.

``alike`` says which may be, without torch; ``run`` trains them, ``members`` begins, resumes and ends each of them.
"""

__all__ = ["alike", "run"]

"""From axes to runs: every combination is made, checked and named; and the first trials of a search are checked.

``axes`` reads what varies, ``combine`` makes the runs, ``trials`` checks searches; ``mistakes`` words what is wrong.
"""

__all__ = ["axes", "combine", "trials"]

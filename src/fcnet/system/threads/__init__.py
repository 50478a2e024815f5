"""CPU threads: ``limits`` says how many a command may use and sets them, ``chooser`` finds the fastest number.

torch's threads wait for each other by spinning: if another process needs one of their cores, each wait takes as long as
that process is left to run, and two threads take ten times as long as one.
"""

__all__ = ["chooser", "limits"]

"""What each command does. A program calls these as the command line does; nothing here prints.

``fcnet.api`` is the door for programs outside this package.
"""

__all__ = ["committee", "data", "evaluate", "plot", "read", "together", "train", "trained"]

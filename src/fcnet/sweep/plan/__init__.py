"""From a sweep file, or words of the command line, to the runs of a sweep: each checked, named and identified.

``load`` makes a ``plan`` and writes it out; ``identity`` has the config of each run and its hash, ``merge`` compares a
plan with what a directory has. ``section`` and ``search`` are the schema, ``names`` makes the names, ``words`` reads
settings of the command line, ``runs`` combines and checks. Nothing here imports torch: a plan is checked before
anything is trained, and quickly.
"""

__all__ = ["database", "identity", "load", "merge", "names", "plan", "search", "section"]

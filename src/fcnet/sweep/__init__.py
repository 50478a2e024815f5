"""Many runs as one thing: a sweep is a directory of runs that any number of workers, on any number of hosts, finish.

``plan`` turns a file into runs, ``folder`` is the sweep on disk; workers claim runs and train them one after another.
"""

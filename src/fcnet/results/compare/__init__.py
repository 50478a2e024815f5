"""Compare groups of runs: ``comparison`` computes, ``report`` shows, ``figures`` draws.

``groups`` says which runs belong together, ``testset`` refuses different images, ``statistics`` has the intervals and
tests, and ``single`` compares two runs image by image.
"""

__all__ = ["comparison", "figures", "groups", "report", "statistics", "testset"]

"""Workers: processes that train the runs of a sweep, those of one host as a pool, each in a slot of its own."""

__all__ = ["outcomes", "pool", "slots", "worker"]

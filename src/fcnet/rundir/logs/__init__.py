"""Logs of a run for other programs, beside metrics.jsonl: a table (table), lines (lines), TensorBoard (events).

``choice`` makes those that a config asks for. Each can be written anew from the records in metrics.jsonl, which is done
when a run is resumed: so none has a record twice, or lacks one, however often the run was killed.
"""

__all__ = ["choice"]

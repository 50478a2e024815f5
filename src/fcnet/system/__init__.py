"""The machine: files, memory, devices, signals, streams. It knows nothing of nets.

The modules in ``__all__`` are for all rooms above.
"""

__all__ = ["device", "extras", "files", "memory", "paths", "punctuation", "signals", "sinks", "streams", "text"]

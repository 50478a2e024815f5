"""Weights from other programs: what a file holds (weights), and files of safetensors (tensors).

No code in a file is ever run.
"""

__all__ = ["tensors", "weights"]

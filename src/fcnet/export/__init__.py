"""What a trained model is taken along as: a graph of ONNX, weights as safetensors.

``to_onnx`` and ``to_safetensors`` have one function each, which ``fcnet export`` calls. Both write a file only after it
was read back and compared with the model; ``subject`` is what they write, ``target`` where they may.
"""

__all__ = ["subject", "target", "to_onnx", "to_safetensors"]

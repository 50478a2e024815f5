"""What a trained model is taken along as: a page that reads digits, a graph of ONNX, weights as safetensors.

``web``, ``to_onnx`` and ``to_safetensors`` have one function each, which ``fcnet export`` calls. Each compares what it
writes with the model; ``subject`` is what the latter two write.
"""

__all__ = ["subject", "to_onnx", "to_safetensors", "web"]

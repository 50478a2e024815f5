"""All steps of a net with one hidden layer in one launch of a CUDA kernel, ``train.cu``.

``plan`` says what the kernel is compiled for and given, ``nvrtc`` compiles and launches it, ``kernel`` takes the steps.
"""

__all__ = ["kernel", "nvrtc"]

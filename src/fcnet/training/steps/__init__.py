"""Ways to take a step: ``step`` is the seam, ``by_hand`` the fastest on CPUs; ``backprop`` is for reading."""

__all__ = ["step"]

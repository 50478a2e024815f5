"""Ways to take a step: ``step`` is the seam, ``by_hand`` the fastest on CPUs; ``backprop`` is for reading.

``plan`` has what each step takes: the order of the images, and the learning rate.
"""

__all__ = ["backprop", "by_hand", "plan", "step"]

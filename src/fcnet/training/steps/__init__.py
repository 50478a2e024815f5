"""Ways to take a step: ``step`` is the seam, ``by_hand`` the fastest on CPUs; ``backprop`` is for reading.

``plan`` has what each step takes: the order of the images, and the learning rate; ``epoch_images`` the images.
"""

__all__ = ["backprop", "by_hand", "epoch_images", "plan", "step"]

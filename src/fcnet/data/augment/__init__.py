"""Augmentation: training images that are changed at random, anew for each epoch.

``augmented`` has the images of an epoch, ``draws`` the random numbers, ``steps`` the list of what can be done to
images; ``strokes``, ``affine``, ``blur`` and ``ink`` do it. Evaluation never comes here.
"""

__all__ = ["augmented"]

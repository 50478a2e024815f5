"""What a trained model shows of itself and of images, as plain arrays that a report draws: ``parts``.

``classifier`` and ``first_layer`` compute those of several families. Nothing here draws.
"""

__all__ = ["classifier", "first_layer", "parts"]

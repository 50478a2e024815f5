"""Several nets trained together: their products are batched, all else is each net's own.

``group`` takes the steps of all, ``lane`` is the training of one of them, ``stack`` lays their weights side by side,
``gradients`` back-propagates for all, by ``products``, and ``updates`` has the optimisers.
"""

__all__ = ["group", "lane"]

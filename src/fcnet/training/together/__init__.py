"""Several nets trained together: their products are batched, all else is each net's own.

``group`` takes the steps of all, ``lane`` is the training of one of them, ``stack`` lays their weights side by side,
``gradients`` back-propagates for all, by ``products``, and ``updates`` has the optimisers. On a GPU, ``joint`` does all
of that by fcnet's own kernels, in graphs, if ``choice`` finds that they agree.
"""

__all__ = ["group", "lane"]

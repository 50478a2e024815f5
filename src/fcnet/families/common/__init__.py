"""What families share, and the seam to all else: ``family`` and ``spec``.

``classifier`` is the base of families whose outputs are logits; ``layers`` and ``fully_connected`` are modules of nets;
``committee`` averages the probabilities of several classifiers; ``findings`` are arrays for reports, and ``plain``
describes nets to programs without torch.
"""

__all__ = [
    "classifier",
    "classify",
    "committee",
    "family",
    "findings",
    "fully_connected",
    "layers",
    "outliers",
    "pictures",
    "plain",
    "spec",
    "verdict",
]

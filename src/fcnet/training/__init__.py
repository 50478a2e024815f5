"""Training by gradients: ``loop`` trains, ``objective`` is what it minimises, ``records`` what it yields.

Nothing here knows a family, a path or a console; docs/extending.md says what a new step or optimiser takes.
"""

__all__ = [
    "evaluate",
    "last_good",
    "loop",
    "metrics",
    "objective",
    "optim",
    "randomness",
    "records",
    "together",
    "torch_private",
    "trainable",
]

"""Steps on a GPU, many at a time: ``bursts`` chooses among them, ``records`` trains an epoch with them.

``slots`` has the steps that a CUDA graph repeats, ``graph`` the graph, ``kernels`` and ``plain`` fcnet's own kernels in
Triton, ``updates`` the optimisers' update in one kernel, ``proof`` the comparison with the eager step.
"""

__all__ = ["bursts", "records"]

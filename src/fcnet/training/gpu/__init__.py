"""Steps on a GPU, many at a time: ``bursts`` chooses among them, ``epoch`` trains an epoch with them.

``slots`` has the steps that a CUDA graph repeats, ``graph`` the graph, ``kernels`` and ``plain`` fcnet's own kernels in
Triton, ``updates`` the optimisers' update in one kernel, ``proof`` the comparison with the eager step, ``persistent`` the kernel that takes all steps.
"""

__all__ = ["bursts", "epoch"]

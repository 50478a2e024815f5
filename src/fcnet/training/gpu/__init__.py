"""Steps on a GPU, many at a time: ``bursts`` chooses among the ways, ``epoch`` trains an epoch with one of them.

``slots`` has the steps that a CUDA graph repeats, ``graph`` the graph, ``kernels`` fcnet's own kernels in Triton,
``launches`` and ``plain`` the steps that they compute, ``updates`` the optimisers' update in one of them,
``persistent`` the kernel that takes all steps of an epoch, and ``proof`` the comparison with the eager step.
"""

__all__ = ["bursts", "done", "epoch", "graph", "kernels", "launches", "plain", "proof", "slots", "updates"]

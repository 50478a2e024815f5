"""fcnet's own kernels, in Triton, for nets that are too small for torch's: few launches, and tiles that fill the GPU.

Every kernel gives the same bits at each run: sums are in a fixed order, and nothing is added atomically. ``IEEE`` and
``TF32X3`` products have about the precision of fp32, as have ``TF32X2`` ones of bytes; with ``BF16`` true, values are
rounded to bfloat16 where the eager step rounds them. TRITON_INTERPRET=1 runs them on a CPU.

They compute for several nets of one shape at once: the last axis of each grid is the net, and all that a net has lies
beside that of the others in memory, (nets, ...); only the images and their labels are common to all.

``arithmetic`` has what they share, ``products`` the kernels of outputs and gradients, ``updates`` those of the
optimisers.
"""

__all__ = ["arithmetic", "products", "updates"]

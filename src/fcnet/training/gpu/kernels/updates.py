"""The kernels of a step that change parameters: by gradients in memory, or where they are computed."""

import triton
import triton.language as tl

from fcnet.training.gpu.kernels.products import gradient_of

ADAM, SGD = (tl.constexpr(number) for number in range(2))

# What ``update`` reads for each net: beta1, 1 - beta1, beta2, 1 - beta2, eps, and whether momentum is Nesterov's.
# Rounded from float64: 1 - beta1 is inexact if computed in fp32.
SETTINGS = tl.constexpr(6)
RATES = tl.constexpr(4)  # columns of ``updates.rates_of``


@triton.jit
def updated(value, mean, square, g, inside, rates, settings, decay, KIND: tl.constexpr, MOVES: tl.constexpr):
    """Update the numbers at some addresses by their gradients g."""
    w = tl.load(value, mask=inside, other=0.0)
    lr = tl.load(rates + 3)
    if KIND == ADAM:
        w *= 1 - lr * decay
        m = tl.load(mean, mask=inside, other=0.0)
        v = tl.load(square, mask=inside, other=0.0)
        m += tl.load(settings + 1) * (g - m)
        v = tl.load(settings + 2) * v + tl.load(settings + 3) * g * g
        w -= tl.load(rates) * m / (tl.sqrt(v) * tl.load(rates + 1) + tl.load(settings + 4))
        tl.store(mean, m, mask=inside)
        tl.store(square, v, mask=inside)
    else:
        change = g
        if MOVES:
            momentum = tl.load(settings)
            m = momentum * tl.load(mean, mask=inside, other=0.0) + g
            tl.store(mean, m, mask=inside)
            change = tl.where(tl.load(settings + 5) > 0, g + momentum * m, m)
        w -= lr * change
    tl.store(value, w, mask=inside)


@triton.jit
def update(
    table, sizes, decays, tensor_of, first_of, rates, settings,
    T: tl.constexpr, KIND: tl.constexpr, MOVES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Update all parameters by Adam, AdamW or SGD, a block of one tensor per program.

    ``table`` (4, T) has the addresses of values, gradients, means (or velocities) and squares, ``sizes`` (T,) and
    ``decays`` (T,) are those of one net's part; ``rates`` has a row of ``updates.rates_of`` for each net, ``settings``
    one of SETTINGS numbers. MOVES: whether there are velocities.
    """
    net = tl.program_id(1).to(tl.int64)
    which = tl.load(tensor_of + tl.program_id(0))
    size = tl.load(sizes + which)
    at = tl.load(first_of + tl.program_id(0)) + tl.arange(0, BLOCK)
    inside, at = at < size, at + net * size
    value = tl.load(table + which).to(tl.pointer_type(tl.float32)) + at
    gradient = tl.load(table + T + which).to(tl.pointer_type(tl.float32)) + at
    mean = tl.load(table + 2 * T + which).to(tl.pointer_type(tl.float32)) + at
    square = tl.load(table + 3 * T + which).to(tl.pointer_type(tl.float32)) + at
    g = tl.load(gradient, mask=inside, other=0.0)
    rates, settings = rates + net * RATES, settings + net * SETTINGS
    updated(value, mean, square, g, inside, rates, settings, tl.load(decays + which), KIND, MOVES)


@triton.jit
def weight_update(
    delta, x, rows, value, mean, square, rates, settings, decays, B, M, D,
    PIXELS: tl.constexpr, BF16: tl.constexpr, PRECISION: tl.constexpr, KIND: tl.constexpr, MOVES: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Update weights (M, D) by the gradient that ``weight_gradient`` would write, which takes no memory.

    ``decays`` has one weight decay for each net; all else is as in ``update``.
    """
    net = tl.program_id(2).to(tl.int64)
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    sums = gradient_of(delta, x, rows, m, n, net, B, M, D, PIXELS, BF16, PRECISION, BM, BN, BK)
    at = net * M * D + m[:, None] * D + n[None, :]
    inside = (m[:, None] < M) & (n[None, :] < D)
    rates, settings, decay = rates + net * RATES, settings + net * SETTINGS, tl.load(decays + net)
    updated(value + at, mean + at, square + at, sums, inside, rates, settings, decay, KIND, MOVES)

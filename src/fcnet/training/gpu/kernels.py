"""fcnet's own kernels, in Triton, for nets that are too small for torch's: few launches, and tiles that fill the GPU.

Every kernel gives the same bits at each run: sums are in a fixed order, and nothing is added atomically. ``IEEE`` and
``TF32X3`` products have about the precision of fp32; with ``BF16`` true, values are rounded to bfloat16 where the eager
step rounds them. TRITON_INTERPRET=1 runs them on a CPU.

They compute for several nets of one shape at once: the last axis of each grid is the net, and all that a net has lies
beside that of the others in memory, (nets, ...); only the images and their labels are common to all.
"""

import triton
import triton.language as tl

# Activations whose derivative is a function of their output, by number.
IDENTITY, RELU, LEAKY_RELU, ELU, SIGMOID, TANH, SOFTPLUS = (tl.constexpr(number) for number in range(7))

ADAM, SGD = (tl.constexpr(number) for number in range(2))

# What ``update`` reads for each net: beta1, 1 - beta1, beta2, 1 - beta2, eps, and whether momentum is Nesterov's.
# Rounded from float64: 1 - beta1 is inexact if computed in fp32.
SETTINGS = tl.constexpr(6)
RATES = tl.constexpr(4)  # columns of ``updates.rates_of``


@triton.jit
def _activated(z, KIND: tl.constexpr, slope):
    """Return f(z); NaN stays NaN."""
    if KIND == RELU:
        z = tl.where(z <= 0, 0.0, z)
    elif KIND == LEAKY_RELU:
        z = tl.where(z <= 0, z * slope, z)
    elif KIND == ELU:
        z = tl.where(z <= 0, slope * (tl.exp(z) - 1), z)
    elif KIND == SIGMOID:
        z = 1 / (1 + tl.exp(-z))
    elif KIND == TANH:
        e = tl.exp(-2 * tl.abs(z))
        t = (1 - e) / (1 + e)
        z = tl.where(z < 0, -t, t)
    elif KIND == SOFTPLUS:
        z = tl.where(z <= 0, 0.0, z) + tl.log(1 + tl.exp(-tl.abs(z)))
    return z


@triton.jit
def _slope_of(a, KIND: tl.constexpr, slope):
    """Return f'(z) from a = f(z)."""
    one = tl.full(a.shape, 1.0, tl.float32)
    if KIND == RELU:
        found = tl.where(a > 0, one, 0.0)
    elif KIND == LEAKY_RELU:
        found = tl.where(a > 0, one, slope)
    elif KIND == ELU:
        found = tl.where(a > 0, one, a + slope)
    elif KIND == SIGMOID:
        found = a * (1 - a)
    elif KIND == TANH:
        found = 1 - a * a
    elif KIND == SOFTPLUS:
        found = 1 - tl.exp(-a)
    else:
        found = one
    return found


@triton.jit
def _rounded(x, BF16: tl.constexpr):
    """Return x rounded to bfloat16, if so set."""
    if BF16:
        x = x.to(tl.bfloat16).to(tl.float32)
    return x


@triton.jit
def _product(x, y, sums, BF16: tl.constexpr, PRECISION: tl.constexpr):
    """Return sums + x y in fp32."""
    if BF16:
        # TF32 holds the rounded numbers exactly.
        return tl.dot(_rounded(x, BF16), _rounded(y, BF16), sums, input_precision="tf32")
    return tl.dot(x, y, sums, input_precision=PRECISION)


@triton.jit
def _inputs(x, rows, m, k, D, inside, PIXELS: tl.constexpr, BF16: tl.constexpr):
    """Return inputs (m, k): of bytes the rows that ``rows`` names, else the rows m; 0 where they are not inside."""
    if PIXELS:
        row = tl.load(rows + m)
        found = tl.load(x + row[:, None] * D + k[None, :], mask=inside, other=0).to(tl.float32)
        if BF16:  # as the eager step rounds them; in fp32 the sums are divided instead
            found = found / 255
    else:
        found = tl.load(x + m[:, None] * D + k[None, :], mask=inside, other=0.0)
    return found


@triton.jit
def _of_net(x, rows, net, B, D, PIXELS: tl.constexpr):
    """Return where a net's inputs begin: bytes are common to all, and ``rows`` is the net's own."""
    if PIXELS:
        rows += net * B
    else:
        x += net * B * D
    return x, rows


@triton.jit
def layer(
    x, rows, weight, bias, out, B, D, M, slope,
    PIXELS: tl.constexpr, KIND: tl.constexpr, BF16: tl.constexpr, PRECISION: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Write a = f(x W^T + b) (B, M) of inputs (B, D), or of the bytes (N, D) that ``rows`` names, over 255."""
    net = tl.program_id(2).to(tl.int64)
    x, rows = _of_net(x, rows, net, B, D, PIXELS)
    weight, bias, out = weight + net * M * D, bias + net * M, out + net * B * M
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    sums = tl.zeros((BM, BN), tl.float32)
    of = tl.where(m < B, m, 0)  # rows beyond the batch repeat the first, and are not written
    for first in range(0, D, BK):
        k = first + tl.arange(0, BK)
        xs = _inputs(x, rows, of, k, D, k[None, :] < D, PIXELS, BF16)
        ws = tl.load(weight + n[None, :] * D + k[:, None], mask=(n[None, :] < M) & (k[:, None] < D), other=0.0)
        sums = _product(xs, ws, sums, BF16, PRECISION)
    if PIXELS and not BF16:
        sums = sums / 255
    b = tl.load(bias + n, mask=n < M, other=0.0)
    z = _rounded(sums + _rounded(b, BF16)[None, :], BF16)
    a = _rounded(_activated(z, KIND, slope), BF16)
    tl.store(out + m[:, None] * M + n[None, :], a, mask=(m[:, None] < B) & (n[None, :] < M))


@triton.jit
def outputs(
    a, labels, rows, weight, bias, smoothings, delta, losses, hits, B, M, C,
    PRECISION: tl.constexpr, BM: tl.constexpr, BC: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Write loss and hit of each image (B,), and the loss's derivative by the logits (B, C), from a (B, M)."""
    net = tl.program_id(1).to(tl.int64)
    a, rows, weight, bias = a + net * B * M, rows + net * B, weight + net * C * M, bias + net * C
    delta, losses, hits = delta + net * B * C, losses + net * B, hits + net * B
    smoothing = tl.load(smoothings + net)
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.arange(0, BC)
    logits = tl.zeros((BM, BC), tl.float32)
    for first in range(0, M, BK):
        k = first + tl.arange(0, BK)
        xs = tl.load(a + m[:, None] * M + k[None, :], mask=(m[:, None] < B) & (k[None, :] < M), other=0.0)
        ws = tl.load(weight + c[None, :] * M + k[:, None], mask=(c[None, :] < C) & (k[:, None] < M), other=0.0)
        logits = tl.dot(xs, ws, logits, input_precision=PRECISION)
    logits += tl.load(bias + c, mask=c < C, other=0.0)[None, :]
    logits = tl.where(c[None, :] < C, logits, float("-inf"))
    shifted = logits - tl.max(logits, 1)[:, None]
    e = tl.exp(shifted)
    total = tl.sum(e, 1)
    log_p = shifted - tl.log(total)[:, None]
    image = tl.load(rows + m, mask=m < B, other=0)
    y = tl.load(labels + image)
    right = c[None, :] == y[:, None]
    loss = -(1 - smoothing) * tl.sum(tl.where(right, log_p, 0.0), 1)
    loss -= smoothing * tl.sum(tl.where(c[None, :] < C, log_p, 0.0), 1) / C
    d = e / total[:, None] - smoothing / C - tl.where(right, 1 - smoothing, 0.0)
    inside = (m[:, None] < B) & (c[None, :] < C)
    tl.store(delta + m[:, None] * C + c[None, :], d / B, mask=inside)
    tl.store(losses + m, loss, mask=m < B)
    hit = tl.argmax(logits, 1, tie_break_left=True) == y
    tl.store(hits + m, hit.to(tl.float32), mask=m < B)


@triton.jit
def backward(
    delta, weight, a, out, bias_gradient, B, K, N, slope,
    KIND: tl.constexpr, BF16: tl.constexpr, LAST: tl.constexpr, PRECISION: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Write delta' = f'(z) * (delta W) (B, N) from delta (B, K), W (K, N), a = f(z) (B, N); and its sums (N,)."""
    net = tl.program_id(1).to(tl.int64)
    delta, weight, a = delta + net * B * K, weight + net * K * N, a + net * B * N
    out, bias_gradient = out + net * B * N, bias_gradient + net * N
    n = tl.program_id(0) * BN + tl.arange(0, BN)
    sums = tl.zeros((BN,), tl.float32)
    for top in range(0, B, BM):
        m = top + tl.arange(0, BM)
        found = tl.zeros((BM, BN), tl.float32)
        for first in range(0, K, BK):
            k = first + tl.arange(0, BK)
            ds = tl.load(delta + m[:, None] * K + k[None, :], mask=(m[:, None] < B) & (k[None, :] < K), other=0.0)
            ws = tl.load(weight + k[:, None] * N + n[None, :], mask=(k[:, None] < K) & (n[None, :] < N), other=0.0)
            found = _product(ds, ws, found, BF16 and not LAST, PRECISION)  # the output layer's product is fp32
        inside = (m[:, None] < B) & (n[None, :] < N)
        out_of = tl.load(a + m[:, None] * N + n[None, :], mask=inside, other=0.0)
        if not LAST:
            found = _rounded(found, BF16)
        d = _rounded(found * _slope_of(out_of, KIND, slope), BF16)
        d = tl.where(inside, d, 0.0)
        tl.store(out + m[:, None] * N + n[None, :], d, mask=inside)
        sums += tl.sum(d, 0)
    tl.store(bias_gradient + n, sums, mask=n < N)


@triton.jit
def column_sums(delta, out, B, C, BM: tl.constexpr, BC: tl.constexpr):
    """Write the sums (C,) of delta (B, C) over the batch."""
    net = tl.program_id(0).to(tl.int64)
    delta, out = delta + net * B * C, out + net * C
    c = tl.arange(0, BC)
    sums = tl.zeros((BC,), tl.float32)
    for top in range(0, B, BM):
        m = top + tl.arange(0, BM)
        inside = (m[:, None] < B) & (c[None, :] < C)
        sums += tl.sum(tl.load(delta + m[:, None] * C + c[None, :], mask=inside, other=0.0), 0)
    tl.store(out + c, sums, mask=c < C)


@triton.jit
def _weight_gradient(
    delta, x, rows, m, n, net, B, M, D,
    PIXELS: tl.constexpr, BF16: tl.constexpr, PRECISION: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Return rows m and columns n of delta^T x (M, D), as ``weight_gradient`` writes it."""
    x, rows = _of_net(x, rows, net, B, D, PIXELS)
    delta += net * B * M
    sums = tl.zeros((BM, BN), tl.float32)
    for first in range(0, B, BK):
        k = first + tl.arange(0, BK)
        ds = tl.load(delta + k[None, :] * M + m[:, None], mask=(k[None, :] < B) & (m[:, None] < M), other=0.0)
        of = tl.where(k < B, k, 0)
        xs = _inputs(x, rows, of, n, D, n[None, :] < D, PIXELS, BF16)
        sums = _product(ds, xs, sums, BF16, PRECISION)
    if PIXELS and not BF16:
        sums = sums / 255
    return _rounded(sums, BF16)


@triton.jit
def weight_gradient(
    delta, x, rows, out, B, M, D,
    PIXELS: tl.constexpr, BF16: tl.constexpr, PRECISION: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Write delta^T x (M, D) of delta (B, M) and inputs (B, D), or of bytes (N, D) over 255 that ``rows`` names."""
    net = tl.program_id(2).to(tl.int64)
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    sums = _weight_gradient(delta, x, rows, m, n, net, B, M, D, PIXELS, BF16, PRECISION, BM, BN, BK)
    out += net * M * D
    tl.store(out + m[:, None] * D + n[None, :], sums, mask=(m[:, None] < M) & (n[None, :] < D))


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
    sums = _weight_gradient(delta, x, rows, m, n, net, B, M, D, PIXELS, BF16, PRECISION, BM, BN, BK)
    at = net * M * D + m[:, None] * D + n[None, :]
    inside = (m[:, None] < M) & (n[None, :] < D)
    rates, settings, decay = rates + net * RATES, settings + net * SETTINGS, tl.load(decays + net)
    _updated(value + at, mean + at, square + at, sums, inside, rates, settings, decay, KIND, MOVES)


@triton.jit
def _updated(value, mean, square, g, inside, rates, settings, decay, KIND: tl.constexpr, MOVES: tl.constexpr):
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
    _updated(value, mean, square, g, inside, rates, settings, tl.load(decays + which), KIND, MOVES)

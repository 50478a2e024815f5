"""The kernels of a step that compute outputs, losses and gradients."""

import triton
import triton.language as tl

from fcnet.training.gpu.kernels.arithmetic import activated, inputs, of_net, product, rounded, slope_of


@triton.jit
def layer(
    x, rows, weight, bias, out, B, D, M, slope,
    PIXELS: tl.constexpr, KIND: tl.constexpr, BF16: tl.constexpr, PRECISION: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Write a = f(x W^T + b) (B, M) of inputs (B, D), or of the bytes (N, D) that ``rows`` names, over 255."""
    net = tl.program_id(2).to(tl.int64)
    x, rows = of_net(x, rows, net, B, D, PIXELS)
    weight, bias, out = weight + net * M * D, bias + net * M, out + net * B * M
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    sums = tl.zeros((BM, BN), tl.float32)
    of = tl.where(m < B, m, 0)  # rows beyond the batch repeat the first, and are not written
    for first in range(0, D, BK):
        k = first + tl.arange(0, BK)
        xs = inputs(x, rows, of, k, D, k[None, :] < D, PIXELS, BF16)
        ws = tl.load(weight + n[None, :] * D + k[:, None], mask=(n[None, :] < M) & (k[:, None] < D), other=0.0)
        sums = product(xs, ws, sums, BF16, PRECISION, "x")
    if PIXELS and not BF16:
        sums = sums / 255
    b = tl.load(bias + n, mask=n < M, other=0.0)
    z = rounded(sums + rounded(b, BF16)[None, :], BF16)
    a = rounded(activated(z, KIND, slope), BF16)
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
            found = product(ds, ws, found, BF16 and not LAST, PRECISION, "")  # the output layer's product is fp32
        inside = (m[:, None] < B) & (n[None, :] < N)
        out_of = tl.load(a + m[:, None] * N + n[None, :], mask=inside, other=0.0)
        if not LAST:
            found = rounded(found, BF16)
        d = rounded(found * slope_of(out_of, KIND, slope), BF16)
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
def gradient_of(
    delta, x, rows, m, n, net, B, M, D,
    PIXELS: tl.constexpr, BF16: tl.constexpr, PRECISION: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Return rows m and columns n of delta^T x (M, D), as ``weight_gradient`` writes it."""
    x, rows = of_net(x, rows, net, B, D, PIXELS)
    delta += net * B * M
    sums = tl.zeros((BM, BN), tl.float32)
    for first in range(0, B, BK):
        k = first + tl.arange(0, BK)
        ds = tl.load(delta + k[None, :] * M + m[:, None], mask=(k[None, :] < B) & (m[:, None] < M), other=0.0)
        of = tl.where(k < B, k, 0)
        xs = inputs(x, rows, of, n, D, n[None, :] < D, PIXELS, BF16)
        sums = product(ds, xs, sums, BF16, PRECISION, "y")
    if PIXELS and not BF16:
        sums = sums / 255
    return rounded(sums, BF16)


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
    sums = gradient_of(delta, x, rows, m, n, net, B, M, D, PIXELS, BF16, PRECISION, BM, BN, BK)
    out += net * M * D
    tl.store(out + m[:, None] * D + n[None, :], sums, mask=(m[:, None] < M) & (n[None, :] < D))

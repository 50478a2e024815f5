"""What a ladder computes beside products, as kernels in Triton: a program has some columns, and sums over their rows.

Matrices are contiguous, (B, M) or (G, B, M), in bfloat16 or fp32, and computed in fp32. Sums are in a fixed order, and
nothing is added atomically: every run gives the same bits. The formulas are those of ``functions``.
"""

import triton
import triton.language as tl


@triton.jit
def tile_at(first, columns, B, M, ROWS: tl.constexpr):
    """Return where the numbers of some rows, from the first one, and columns lie, and whether they are inside."""
    rows = first + tl.arange(0, ROWS)
    return rows[:, None] * M + columns[None, :], (rows[:, None] < B) & (columns[None, :] < M)


@triton.jit
def loaded(x, at, inside):
    """Return numbers in fp32; 0 where they are not inside."""
    return tl.load(x + at, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def normalise(z, normal, mean, deviation, epsilon, B, M, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """Normalise each column of z (G, B, M), and write its mean and standard deviation (G, M)."""
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    group = tl.program_id(1).to(tl.int64)
    z, normal = z + group * B * M, normal + group * B * M
    sums = tl.zeros([ROWS, BLOCK], tl.float32)
    for first in range(0, B, ROWS):
        at, inside = tile_at(first, columns, B, M, ROWS)
        sums += loaded(z, at, inside)
    level = tl.sum(sums, 0) / B
    squares = tl.zeros([ROWS, BLOCK], tl.float32)
    for first in range(0, B, ROWS):
        at, inside = tile_at(first, columns, B, M, ROWS)
        rest = tl.where(inside, loaded(z, at, inside) - level[None, :], 0.0)
        squares += rest * rest
    spread = tl.sqrt(tl.sum(squares, 0) / B + epsilon)
    for first in range(0, B, ROWS):
        at, inside = tile_at(first, columns, B, M, ROWS)
        tl.store(normal + at, (loaded(z, at, inside) - level[None, :]) / spread[None, :], mask=inside)
    tl.store(mean + group * M + columns, level, mask=columns < M)
    tl.store(deviation + group * M + columns, spread, mask=columns < M)


@triton.jit
def normalise_backward(slope, normal, deviation, of_z, B, M, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """Write the gradient of z (G, B, M), given that of its normalised values."""
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    group = tl.program_id(1).to(tl.int64)
    slope, normal, of_z = slope + group * B * M, normal + group * B * M, of_z + group * B * M
    spread = tl.load(deviation + group * M + columns, mask=columns < M, other=1.0)
    sums = tl.zeros([ROWS, BLOCK], tl.float32)
    products = tl.zeros([ROWS, BLOCK], tl.float32)
    for first in range(0, B, ROWS):
        at, inside = tile_at(first, columns, B, M, ROWS)
        g = loaded(slope, at, inside)
        sums += g
        products += g * loaded(normal, at, inside)
    level, along = tl.sum(sums, 0) / B, tl.sum(products, 0) / B
    for first in range(0, B, ROWS):
        at, inside = tile_at(first, columns, B, M, ROWS)
        found = loaded(slope, at, inside) - level[None, :] - loaded(normal, at, inside) * along[None, :]
        tl.store(of_z + at, found / spread[None, :], mask=inside)


@triton.jit
def parameter(a, number: tl.constexpr, columns, M):
    """Return one of the ten parameters (10, M) of some columns."""
    return tl.load(a + number * M + columns, mask=columns < M, other=0.0).to(tl.float32)[None, :]


@triton.jit
def sigmoid(x):
    """Return 1 / (1 + exp(-x)); 0 where exp overflows."""
    return 1 / (1 + tl.exp(-x))


@triton.jit
def combinator(u, a, columns, M):
    """Return the two sigmoids of u, the mean and the share."""
    first = sigmoid(parameter(a, 1, columns, M) * u + parameter(a, 2, columns, M))
    second = sigmoid(parameter(a, 6, columns, M) * u + parameter(a, 7, columns, M))
    mean = parameter(a, 0, columns, M) * first + parameter(a, 3, columns, M) * u + parameter(a, 4, columns, M)
    share = parameter(a, 5, columns, M) * second + parameter(a, 8, columns, M) * u + parameter(a, 9, columns, M)
    return first, second, mean, share


@triton.jit
def combine(corrupted, u, a, found, B, M, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """Write reconstructions (B, M); the second axis of the grid is that of rows."""
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    at, inside = tile_at(tl.program_id(1) * ROWS, columns, B, M, ROWS)
    _, _, mean, share = combinator(loaded(u, at, inside), a, columns, M)
    tl.store(found + at, (loaded(corrupted, at, inside) - mean) * share + mean, mask=inside)


@triton.jit
def combine_backward(
    slope, corrupted, u, a, of_corrupted, of_u, of_a, B, M, ROWS: tl.constexpr, BLOCK: tl.constexpr
):  # fmt: skip
    """Write the gradients of all that ``combine`` reads."""
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    a0, a1, a3 = parameter(a, 0, columns, M), parameter(a, 1, columns, M), parameter(a, 3, columns, M)
    a5, a6, a8 = parameter(a, 5, columns, M), parameter(a, 6, columns, M), parameter(a, 8, columns, M)
    s0, s1, s2, s3, s4 = zeros(ROWS, BLOCK)
    s5, s6, s7, s8, s9 = zeros(ROWS, BLOCK)
    for begin in range(0, B, ROWS):
        at, inside = tile_at(begin, columns, B, M, ROWS)
        g, above = loaded(slope, at, inside), loaded(u, at, inside)
        first, second, mean, share = combinator(above, a, columns, M)
        gc = g * share
        gm, gs = g - gc, g * (loaded(corrupted, at, inside) - mean)  # 0 outside, as g is; so are all that follow
        g1, g2 = gm * first * (1 - first), gs * second * (1 - second)  # without a1 and a6
        tl.store(of_corrupted + at, gc, mask=inside)
        tl.store(of_u + at, gm * a3 + g1 * (a0 * a1) + gs * a8 + g2 * (a5 * a6), mask=inside)
        s0, s1, s2, s3, s4 = s0 + gm * first, s1 + g1 * above, s2 + g1, s3 + gm * above, s4 + gm
        s5, s6, s7, s8, s9 = s5 + gs * second, s6 + g2 * above, s7 + g2, s8 + gs * above, s9 + gs
    five(of_a, columns, M, s0, s1 * a0, s2 * a0, s3, s4)
    five(of_a + 5 * M, columns, M, s5, s6 * a5, s7 * a5, s8, s9)


@triton.jit
def zeros(ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """Return five tiles of zeros."""
    zero = tl.zeros([ROWS, BLOCK], tl.float32)
    return zero, zero, zero, zero, zero


@triton.jit
def five(out, columns, M, s0, s1, s2, s3, s4):
    """Write the sums of five tiles' columns as rows of a matrix."""
    inside = columns < M
    tl.store(out + columns, tl.sum(s0, 0), mask=inside)
    tl.store(out + M + columns, tl.sum(s1, 0), mask=inside)
    tl.store(out + 2 * M + columns, tl.sum(s2, 0), mask=inside)
    tl.store(out + 3 * M + columns, tl.sum(s3, 0), mask=inside)
    tl.store(out + 4 * M + columns, tl.sum(s4, 0), mask=inside)


@triton.jit
def spread_of(deviation, columns, M, SCALAR: tl.constexpr, BLOCK: tl.constexpr):
    """Return the standard deviation of some columns, which may be one number."""
    if SCALAR:
        found = tl.zeros([BLOCK], tl.float32) + tl.load(deviation).to(tl.float32)
    else:
        found = tl.load(deviation + columns, mask=columns < M, other=1.0).to(tl.float32)
    return found


@triton.jit
def denoise(found, z, deviation, parts, B, M, SCALAR: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """Write each program's part of the mean squared difference; the second axis of the grid is that of rows."""
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    spread = spread_of(deviation, columns, M, SCALAR, BLOCK)
    at, inside = tile_at(tl.program_id(1) * ROWS, columns, B, M, ROWS)
    rest = (loaded(z, at, inside) - loaded(found, at, inside)) / spread[None, :]
    part = tl.sum(tl.sum(rest * rest, 1), 0) / (B * M)
    tl.store(parts + tl.program_id(1) * tl.num_programs(0) + tl.program_id(0), part)


@triton.jit
def denoise_backward(
    slope, found, z, normalised, deviation, of_found, of_z, B, M,
    SCALAR: tl.constexpr, OF_Z: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Write the gradients of reconstructions and, if OF_Z, of z (B, M); slope () is that of the mean."""
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    spread = spread_of(deviation, columns, M, SCALAR, BLOCK)
    factor = tl.load(slope).to(tl.float32) * 2 / (B * M) / spread
    squares = tl.zeros([ROWS, BLOCK], tl.float32)
    if OF_Z:
        for first in range(0, B, ROWS):
            at, inside = tile_at(first, columns, B, M, ROWS)
            rest = (loaded(z, at, inside) - loaded(found, at, inside)) / spread[None, :]
            squares += rest * rest
    share = tl.sum(squares, 0) / B
    for first in range(0, B, ROWS):
        at, inside = tile_at(first, columns, B, M, ROWS)
        rest = (loaded(z, at, inside) - loaded(found, at, inside)) / spread[None, :]
        tl.store(of_found + at, -rest * factor[None, :], mask=inside)
        if OF_Z:
            along = loaded(normalised, at, inside) * share[None, :]
            tl.store(of_z + at, (rest - along) * factor[None, :], mask=inside)


@triton.jit
def average(means, variances, batches, mean, deviation, epsilon, correction, momentum, M, BLOCK: tl.constexpr):
    """Add mean and standard deviation (M,) of a batch to the averages of so many batches () with it."""
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = columns < M
    weight = tl.maximum(1 / tl.load(batches).to(tl.float32), momentum)
    spread = tl.load(deviation + columns, mask=inside, other=1.0)
    variance = (spread * spread - epsilon) * correction
    # Of the first batch, whose weight is 1, exactly the batch's.
    level = (1 - weight) * tl.load(means + columns, mask=inside) + weight * tl.load(mean + columns, mask=inside)
    variance = (1 - weight) * tl.load(variances + columns, mask=inside) + weight * variance
    tl.store(means + columns, level, mask=inside)
    tl.store(variances + columns, variance, mask=inside)

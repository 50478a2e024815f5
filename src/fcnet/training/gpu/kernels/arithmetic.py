"""Activations, rounding, inputs and products, as the kernels share them."""

import triton
import triton.language as tl

# Activations whose derivative is a function of their output, by number.
IDENTITY, RELU, LEAKY_RELU, ELU, SIGMOID, TANH, SOFTPLUS = (tl.constexpr(number) for number in range(7))


@triton.jit
def activated(z, KIND: tl.constexpr, slope):
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
def slope_of(a, KIND: tl.constexpr, slope):
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
def rounded(x, BF16: tl.constexpr):
    """Return x rounded to bfloat16, if so set."""
    if BF16:
        x = x.to(tl.bfloat16).to(tl.float32)
    return x


@triton.jit
def halves(x):
    """Return the bits of x that TF32 holds, and what is left of x, which it holds nearly."""
    high = (x.to(tl.int32, bitcast=True) & -8192).to(tl.float32, bitcast=True)
    return high, x - high


@triton.jit
def product(x, y, sums, BF16: tl.constexpr, PRECISION: tl.constexpr, EXACT: tl.constexpr):
    """Return sums + x y in fp32; for TF32X2, EXACT names the factor whose numbers TF32 holds, as it does bytes."""
    if BF16:
        # TF32 holds the rounded numbers exactly.
        sums = tl.dot(rounded(x, BF16), rounded(y, BF16), sums, input_precision="tf32")
    elif PRECISION != "tf32x2":
        sums = tl.dot(x, y, sums, input_precision=PRECISION)
    elif EXACT == "x":
        high, low = halves(y)
        sums = tl.dot(x, high, tl.dot(x, low, sums, input_precision="tf32"), input_precision="tf32")
    else:
        high, low = halves(x)
        sums = tl.dot(high, y, tl.dot(low, y, sums, input_precision="tf32"), input_precision="tf32")
    return sums


@triton.jit
def inputs(x, rows, m, k, D, inside, PIXELS: tl.constexpr, BF16: tl.constexpr):
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
def of_net(x, rows, net, B, D, PIXELS: tl.constexpr):
    """Return where a net's inputs begin: bytes are common to all, and ``rows`` is the net's own."""
    if PIXELS:
        rows += net * B
    else:
        x += net * B * D
    return x, rows

"""The slides' computation graphs, step by step: J = 3(a + bc), logistic regression, and f = 1 / (exp(-(wx + b)) + 1).

    python scripts/course/worked_examples.py

For each step of a graph, prints its value and the derivative of the result with respect to it, by the chain rule from
the end back (reverse mode). Compares, as in the slides, with finite differences for J, torch's automatic
differentiation for logistic regression, and forward mode for f.
"""

import math
from collections.abc import Callable

import torch
from pages import table

STEP = 0.001  # the slides' difference: 5 -> 5.001


def main() -> None:
    """Print the three examples."""
    bracket()
    print()
    logistic_regression()
    print()
    logistic()


def bracket(a: float = 5.0, b: float = 3.0, c: float = 2.0) -> dict[str, float]:
    """Print and return the derivatives of J = 3 (a + b c) with respect to a, b, c, u and v."""
    u = b * c
    v = a + u
    j = 3 * v
    dj_dv = 3.0
    dj_du = dj_dv * 1  # v = a + u
    dj_da = dj_dv * 1
    dj_db = dj_du * c  # u = b c
    dj_dc = dj_du * b
    found = {"a": dj_da, "b": dj_db, "c": dj_dc, "u": dj_du, "v": dj_dv}
    values = {"a": a, "b": b, "c": c, "u": u, "v": v}
    functions: dict[str, Callable[[float], float]] = {
        "a": lambda x: 3 * (x + b * c),
        "b": lambda x: 3 * (a + x * c),
        "c": lambda x: 3 * (a + b * x),
        "u": lambda x: 3 * (a + x),
        "v": lambda x: 3 * x,
    }
    print(f"J = 3 (a + b c) at a = {a:g}, b = {b:g}, c = {c:g}: u = {u:g}, v = {v:g}, J = {j:g}")
    rows = []
    for name, derivative in found.items():
        moved = functions[name](values[name] + STEP)
        rows.append(
            [
                name,
                f"{values[name]:g} -> {values[name] + STEP:g}",
                f"{j:g} -> {moved:.3f}",
                f"{(moved - j) / STEP:.4f}",
                f"{derivative:g}",
            ]
        )
    table(["x", "x -> x + 0.001", "J -> J'", "(J' - J) / 0.001", "dJ/dx, chain rule"], rows)
    return found


def logistic_regression(
    x: tuple[float, float] = (1.0, 2.0), w: tuple[float, float] = (0.5, -0.25), b: float = 0.1, y: float = 1.0
) -> dict[str, float]:
    """Print and return the derivatives of L = -y log y^ - (1 - y) log(1 - y^), y^ = f(z), z = w1 x1 + w2 x2 + b."""
    z = w[0] * x[0] + w[1] * x[1] + b
    predicted = 1 / (1 + math.exp(-z))
    loss = -y * math.log(predicted) - (1 - y) * math.log(1 - predicted)
    d_predicted = -y / predicted + (1 - y) / (1 - predicted)
    d_z = d_predicted * predicted * (1 - predicted)  # f'(z) = f(z) (1 - f(z)); together y^ - y
    found = {"y^": d_predicted, "z": d_z, "w1": d_z * x[0], "w2": d_z * x[1], "b": d_z}
    leaves = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (*w, b)]
    net = leaves[0] * x[0] + leaves[1] * x[1] + leaves[2]
    torch.nn.functional.binary_cross_entropy_with_logits(net, torch.tensor(y, dtype=torch.float64)).backward()
    automatic = {name: float(leaf.grad) for name, leaf in zip(("w1", "w2", "b"), leaves, strict=True)}
    print(f"logistic regression at x = {x}, w = {w}, b = {b:g}, y = {y:g}")
    print(f"z = {z:g}, y^ = {predicted:.6f}, L = {loss:.6f}")
    rows = [
        [name, f"{value:.6f}", f"{automatic[name]:.6f}" if name in automatic else ""] for name, value in found.items()
    ]
    table(["v", "dL/dv, chain rule", "dL/dv, torch"], rows)
    return found


def logistic(x: float = 1.0, w: float = 0.0, b: float = 0.0) -> tuple[float, float]:
    """Print and return df/dw of f = 1 / (exp(-(wx + b)) + 1), by reverse and by forward mode."""
    h1 = x * w
    h2 = h1 + b
    h3 = h2 * -1
    h4 = math.exp(h3)
    h5 = h4 + 1
    h6 = 1 / h5
    names = ["h1 = x w", "h2 = h1 + b", "h3 = -h2", "h4 = exp(h3)", "h5 = h4 + 1", "h6 = 1 / h5"]
    values = [h1, h2, h3, h4, h5, h6]
    local = [x, 1.0, -1.0, math.exp(h3), 1.0, -1 / h5**2]  # of each step by the one before; of h1 by w
    reverse = [math.prod(local[step + 1 :]) for step in range(len(local))]  # df/dh_i, from the end back
    forward = [math.prod(local[: step + 1]) for step in range(len(local))]  # dh_i/dw, from the beginning on
    print(f"f(x; w, b) = 1 / (exp(-(wx + b)) + 1) at x = {x:g}, w = {w:g}, b = {b:g}")
    columns = zip(names, values, local, reverse, forward, strict=True)
    table(
        ["step", "value", "local derivative", "df/dh, reverse mode", "dh/dw, forward mode"],
        [[name, *(f"{number:g}" for number in numbers)] for name, *numbers in columns],
    )
    by_reverse, by_forward = reverse[0] * local[0], forward[-1]
    leaf = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    (1 / (torch.exp(-(leaf * x + b)) + 1)).backward()
    print(f"df/dw: reverse mode {by_reverse:g}, forward mode {by_forward:g}, torch {float(leaf.grad):g}")
    return by_reverse, by_forward


if __name__ == "__main__":
    main()

"""Compare the digits found on a page with those that are there.

Imported by scripts/photos.py; does nothing by itself.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

Box = tuple[float, float, float, float]  # x, y, width, height

LEAST = 0.3  # overlap of boxes that mean the same digit; one around a thin digit is soon twice as large


def overlap(a: Box, b: Box) -> float:
    """Return the share of two boxes' union that both cover."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    tall = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(wide, 0) * max(tall, 0)
    union = a[2] * a[3] + b[2] * b[3] - both
    return both / union if union else 0.0


def match(true: Sequence[Box], found: Sequence[Box], least: float = LEAST) -> dict[int, int]:
    """Return which true box each found box means, one to one, by the largest sum of overlaps."""
    if not true or not found:
        return {}
    table = np.array([[overlap(a, b) for b in true] for a in found])
    table[table < least] = 0
    rows, columns = linear_sum_assignment(table, maximize=True)
    return {int(a): int(b) for a, b in zip(rows, columns, strict=True) if table[a, b] > 0}


def in_order(matched: dict[int, int], true_lines: Sequence[int], found_lines: Sequence[int]) -> bool:
    """Return whether digits were found in reading order, those of a line in one line."""
    for a, b in pairwise(sorted(matched)):
        if matched[a] > matched[b]:
            return False
        if (true_lines[matched[a]] == true_lines[matched[b]]) != (found_lines[a] == found_lines[b]):
            return False
    return True


def compared(
    true: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]], text: tuple[list[str], list[str]]
) -> dict[str, Any]:
    """Count what was found of a page.

    Args:
        true: box, line and label of each digit in reading order.
        found: the digits of ``fcnet predict --find --json``.
        text: the true lines, and those found.
    """
    matched = match([one["box"] for one in true], [one["box"] for one in found])
    pairs = [(found[a], true[b]) for a, b in matched.items()]
    others = [one for i, one in enumerate(found) if i not in matched]
    right = sum(a["predicted"] == b["label"] for a, b in pairs)
    return {
        "digits": len(true),
        "right": right,
        "wrong": sum(a["predicted"] not in (b["label"], None) for a, b in pairs),
        "nothing said": sum(a["predicted"] is None for a, _ in pairs),
        "missed": len(true) - len(pairs),
        "spurious": sum(one["predicted"] is not None for one in others),
        "spurious and sure": sum(bool(one["sure"]) for one in others),
        "unsure": sum(not a["sure"] for a, _ in pairs),
        "wrong and sure": sum(a["predicted"] != b["label"] and a["sure"] for a, b in pairs),
        "in order": bool(matched) and in_order(matched, [one["line"] for one in true], [one["line"] for one in found]),
        "lines of text right": sum(a == b for a, b in zip(*text, strict=False)),
        "lines found": len(text[1]),
    }

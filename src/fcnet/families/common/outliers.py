"""Results of models that give a number for each image, and how well that number tells outliers from normal images."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.data.normal import normal_images
from fcnet.errors import DataError
from fcnet.families.common.family import Told, Weights, plain
from fcnet.system.text import align, csv_text, left, width


class Measured:
    """A dataclass of metrics over one split, some of them groups, with the weights that they are of."""

    outliers: dict[str, float] | None
    weights: Weights | None

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for users."""
        raise NotImplementedError

    def text(self) -> str:
        """Return the metrics, a line each."""
        rows = self.rows()
        if (found := self.outliers) is not None:
            counts = f"{found['normal']:.0f} normal, {found['outliers']:.0f} outliers"
            rows.append(("AUROC", f"{100 * found['auroc']:.2f} %, {counts}"))
        columns = max(width(name) for name, _ in rows)
        return "\n".join(f"{left(name, columns)}  {value}" for name, value in rows)

    def json(self) -> str:
        """Return the metrics as one JSON object; absent ones are omitted."""
        found = {name: value for name, value in self._plain().items() if value is not None}
        return json.dumps(found, ensure_ascii=False)

    def csv(self) -> str:
        """Return a row per metric, those of a group as ``group.name``."""
        rows: list[tuple[str, object]] = []
        for name, value in self._plain().items():
            if isinstance(value, dict):
                rows += [(f"{name}.{key}", one) for key, one in value.items()]
            elif value is not None:
                rows.append((name, value))
        return csv_text(("metric", "value"), rows)

    def _plain(self) -> dict[str, Any]:
        found: dict[str, Any] = asdict(self)  # type: ignore[call-overload]  # each subclass is a dataclass
        return {name: value for name, value in found.items() if name != "weights"} | plain(self.weights)


class PerImage:
    """A dataclass with an entry per image, whose last fields are ``note`` and ``prepared``, and the weights."""

    images: list[Any]
    weights: Weights | None

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: int) -> str:
        """Return a row per image, with its note and what was done to it, where any has some.

        Args:
            header: of the columns.
            rows: of each image.
            numbers: how many columns are not words.
        """
        header, rows = list(header), [list(row) for row in rows]
        more = {"note": [one.note for one in self.images], "prepared": [", ".join(one.prepared) for one in self.images]}
        for name, cells in more.items():
            if any(cells):
                header.append(name)
                rows = [[*row, cell or "-"] for row, cell in zip(rows, cells, strict=True)]
        return "\n".join(align([header, *rows], words=len(header) - numbers))

    def json(self) -> str:
        """Return one JSON object with a list."""
        return json.dumps(
            plain(self.weights) | {"predictions": [asdict(one) for one in self.images]}, ensure_ascii=False
        )

    def csv(self) -> str:
        """Return a row per image."""
        rows = ([*list(asdict(one).values())[:-1], ", ".join(one.prepared)] for one in self.images)
        return csv_text(list(asdict(self.images[0])), rows)

    def told(self, images: Sequence[Told], threshold: float | None) -> Self:  # noqa: ARG002
        """Return the same result with what is known about each image."""
        found = [
            replace(one, note=of.problem, prepared=of.prepared) for one, of in zip(self.images, images, strict=True)
        ]
        return replace(self, images=found)  # type: ignore[type-var]  # each subclass is a dataclass


def parted(images: ImageFolder, normal: Sequence[str] | None) -> NDArray[np.bool_] | None:
    """Return which images are normal (N,); None without normal classes, or if all images are alike in this."""
    inside = None if normal is None else normal_images(images, normal).cpu().numpy()
    return None if inside is None or inside.all() == inside.any() else inside


def auroc(scores: Tensor, split: ImageFolder, normal: Sequence[str]) -> dict[str, float]:
    """Return the AUROC of outlier scores (N,). Raises DataError if all images are normal, or all outliers."""
    from sklearn.metrics import roc_auc_score  # imported here: it takes as long as all other imports of training

    outside = ~normal_images(split, normal)
    count = int(outside.sum())
    if count in (0, len(split)):
        what = "outliers" if count else "normal"
        raise DataError(
            f"{split.origin}: all {len(split)} images are {what} (data.normal_classes: {', '.join(normal)}), but AUROC"
            " needs both normal images and outliers"
        )
    return {
        "auroc": float(roc_auc_score(outside.numpy(), scores.numpy())),
        "normal": len(split) - count,
        "outliers": count,
    }

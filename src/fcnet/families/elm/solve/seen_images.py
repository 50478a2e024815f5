"""Which images were summed already, told by their pixels: so that others can be added, wherever they come in order."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.errors import DataError

HASH_BYTES = 16  # of an image and its label

ROWS = 2000  # images looked at together


class Seen:
    """A multiset of images and their labels.

    Args:
        split: that they are of.
    """

    def __init__(self, split: ImageFolder) -> None:
        self._split = split
        self._hashes: list[bytes] = []

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, rows: Tensor) -> None:
        """Add the images at some positions (n,)."""
        self._hashes += self._hashes_of(rows)

    def left(self) -> Tensor:
        """Positions (n,) of the images that were not added. Raises DataError where added ones are not there."""
        before = Counter(self._hashes)
        left = []
        for rows in torch.split(torch.arange(len(self._split)), ROWS):
            if self._split.mapped:
                self._split.mapped.release()
            for position, one in zip(rows.tolist(), self._hashes_of(rows), strict=True):
                if before[one]:
                    before[one] -= 1
                else:
                    left.append(position)
        if missing := before.total():
            raise DataError(
                f"{self._split.origin}: {missing} of the {len(self)} images that the checkpoint has summed are not"
                " among the training images now (changed, relabelled or removed); restore them, or start a new run"
            )
        return torch.tensor(left, dtype=torch.int64)

    def _hashes_of(self, rows: Tensor) -> Iterator[bytes]:
        images = self._split.images[rows.to(self._split.images.device)].flatten(1).cpu().numpy()
        labels = self._split.labels[rows.to(self._split.labels.device)].cpu().numpy()
        for image, label in zip(images, labels, strict=True):
            yield hashlib.blake2b(image.tobytes() + label.tobytes(), digest_size=HASH_BYTES).digest()

    def state(self) -> Any:
        """All hashes as one tensor of bytes, for a checkpoint."""
        return torch.frombuffer(bytearray(b"".join(self._hashes)), dtype=torch.uint8) if self._hashes else []

    def load(self, state: Any) -> None:
        """Take up the ``state`` of another one. Raises ValueError where it is none."""
        data = state.numpy().tobytes() if isinstance(state, Tensor) else b""
        if len(data) % HASH_BYTES:
            raise ValueError(f"{len(data)} bytes of hashes")
        self._hashes = [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]

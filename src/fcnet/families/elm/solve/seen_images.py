"""Remember, by content hash, which images are already in the sums, so that new ones can be added in any order."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.errors import DataError

HASH_BYTES = 16  # of an image and its label

ROWS = 2000  # images hashed together


class SeenImages:
    """A multiset of images and their labels.

    Args:
        split: the images.
        rows: images that are hashed together.
    """

    def __init__(self, split: ImageFolder, rows: int = ROWS) -> None:
        self._split, self._rows = split, rows
        self._hashes: list[bytes] = []

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, rows: Tensor) -> None:
        """Add the images at some positions (n,)."""
        self._hashes += self._hashes_of(rows)

    def left(self) -> Tensor:
        """Return positions (n,) of the images not added yet. Raises DataError if added ones no longer exist."""
        before = Counter(self._hashes)
        left = []
        for rows in torch.split(torch.arange(len(self._split)), self._rows):
            if self._split.mapped:
                self._split.mapped.release()
            for position, one in zip(rows.tolist(), self._hashes_of(rows), strict=True):
                if before[one]:
                    before[one] -= 1
                else:
                    left.append(position)
        if missing := before.total():
            raise DataError(
                f"{self._split.origin}: {missing} of the {len(self)} images in the checkpoint's sums are no longer"
                " among the training images (changed, relabelled or removed); restore them, or start a new run"
            )
        return torch.tensor(left, dtype=torch.int64)

    def _hashes_of(self, rows: Tensor) -> Iterator[bytes]:
        images = self._split.images[rows.to(self._split.images.device)].flatten(1).cpu().numpy()
        labels = self._split.labels[rows.to(self._split.labels.device)].cpu().numpy()
        for image, label in zip(images, labels, strict=True):
            yield hashlib.blake2b(image.tobytes() + label.tobytes(), digest_size=HASH_BYTES).digest()

    def state(self) -> Any:
        """Return all hashes as one tensor of bytes, for a checkpoint."""
        return torch.frombuffer(bytearray(b"".join(self._hashes)), dtype=torch.uint8) if self._hashes else []

    def load(self, state: Any) -> None:
        """Load the ``state`` of another object. Raises ValueError if it is not valid."""
        data = state.numpy().tobytes() if isinstance(state, Tensor) else b""
        if len(data) % HASH_BYTES:
            raise ValueError(f"{len(data)} bytes of hashes")
        self._hashes = [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]

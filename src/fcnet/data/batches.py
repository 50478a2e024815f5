"""The images of each batch, and their pixels as numbers in [0, 1]: gathered and scaled on the device, in blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fcnet.data.mapped import RELEASE_BYTES, Mapped

# Bytes of pixels gathered at once, 1,337 digits: enough to make calls cheap, and their floats fit into a CPU's cache.
BLOCK_BYTES = 1 << 20

CHUNK_BYTES = 1 << 16  # of neighbouring images, which are read together: as much as Linux maps at once


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches of a set of images.

    Attributes:
        images: uint8 (N, ...), on the device of the labels, or in host memory if they do not fit there.
        labels: int64 (N,), on the device.
        batch_size: images per batch; the last batch holds what is left.
        order: positions (n,) in the order to use them; None for all, in their own order.
        start: batches to skip at the beginning.
        dtype: of the pixels.
        mapped: the file of the images, if they are in one.
        block_bytes: of pixels that are gathered at once.
    """

    images: Tensor
    labels: Tensor
    batch_size: int
    order: Tensor | None = None
    start: int = 0
    dtype: torch.dtype = torch.float32
    mapped: Mapped | None = None
    block_bytes: int = BLOCK_BYTES

    def __len__(self) -> int:
        return -(-self._n // self.batch_size) - self.start

    @property
    def _n(self) -> int:
        return len(self.labels) if self.order is None else len(self.order)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield pixels (B, D) in [0, 1] and labels int64 (B,). The next batch may overwrite the pixels of this one."""
        per_block = max(self.block_bytes // (self.batch_size * self.images[0].numel()), 1)
        # Blocks begin at the same images wherever a training starts: their place in memory, on which the last bit of
        # a product may depend, is the same too.
        skipped = self.start % per_block
        for pixels, labels in self._blocks((self.start - skipped) * self.batch_size, per_block * self.batch_size):
            for first in range(skipped * self.batch_size, len(labels), self.batch_size):
                batch = slice(first, first + self.batch_size)
                yield pixels[batch], labels[batch]
            skipped = 0

    def _blocks(self, first: int, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the same for blocks of several batches, all in the same memory: new pages cost more than a copy."""
        images, device = self.images.flatten(1), self.labels.device
        size = min(size, self._n)
        taken = images.new_empty(size, images.shape[1])
        scaled = torch.empty_like(taken, dtype=self.dtype, device=device)
        seen = 0  # bytes
        for start in range(first, self._n, size):
            block = slice(start, min(start + size, self._n))
            n = block.stop - start
            if self.order is None:
                some, labels = images[block], self.labels[block]
            else:
                which = self.order[block]
                some = torch.index_select(images, 0, which.to(images.device), out=taken[:n])
                labels = self.labels[which.to(device)]
            # A copy and a division take less time than one division of bytes into floats.
            yield scaled[:n].copy_(some.to(device)).div_(255), labels
            seen += some.numel()
            if self.mapped and seen >= RELEASE_BYTES:
                self.mapped.release()
                seen = 0
        if self.mapped:
            self.mapped.release()


def epoch_order(n: int, seed: int, epoch: int) -> Tensor:
    """Return the order (n,) of an epoch's images: a permutation that depends only on seed and epoch."""
    return torch.randperm(n, generator=_generator(seed, epoch))


def grouped_order(n: int, seed: int, epoch: int, row_bytes: int) -> Tensor:
    """Return the same for images that are read from a file: neighbours in the order are close in the file.

    Chunks of neighbours are shuffled; groups of chunks, 32 MiB each, are shuffled within. An epoch then reads the file
    once, in long pieces, instead of a page for every image. Images that fit into one group get ``epoch_order``.

    Args:
        n: number of images.
        seed, epoch: as for ``epoch_order``.
        row_bytes: bytes of one image.
    """
    chunk = max(CHUNK_BYTES // row_bytes, 1)
    group = max(RELEASE_BYTES // (chunk * row_bytes), 1)  # chunks
    if n <= chunk * group:
        return epoch_order(n, seed, epoch)
    generator = _generator(seed, epoch)
    found = []
    shuffled = torch.randperm(-(-n // chunk), generator=generator)
    for first in range(0, len(shuffled), group):
        chunks = shuffled[first : first + group]
        rows = (chunks[:, None] * chunk + torch.arange(chunk)).flatten()
        rows = rows[rows < n]
        found.append(rows[torch.randperm(len(rows), generator=generator)])
    return torch.cat(found)


def _generator(seed: int, epoch: int) -> torch.Generator:
    mixed = np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed))


# Labels are classes, int64 (N,); or, with the shares of two mixed images or the logits of a teacher beside them,
# float32 (N, 1 + C): the class, which counts for the accuracy, and a number for each class.
def classes_of(labels: Tensor) -> Tensor:
    """Return the classes, int64 (N,), of labels with or without numbers beside them."""
    return labels if labels.dim() == 1 else labels[:, 0].long()


def numbers_of(labels: Tensor) -> Tensor | None:
    """Return the numbers (N, C) beside the classes; None if there are none."""
    return None if labels.dim() == 1 else labels[:, 1:]


def with_numbers(classes: Tensor, numbers: Tensor) -> Tensor:
    """Return classes (N,) with numbers (N, C) beside them."""
    return torch.cat([classes[:, None].to(torch.float32), numbers.to(torch.float32)], 1)

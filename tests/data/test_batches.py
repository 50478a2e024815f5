"""Orders of an epoch, and batches that begin anywhere."""

import pytest
import torch

from fcnet.data import batches
from fcnet.data.batches import Batches, epoch_order, grouped_order
from fcnet.data.mapped import RELEASE_BYTES

IMAGES = torch.randint(0, 256, (40, 5, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(40)


def test_another_seed_is_another_order() -> None:
    orders = [epoch_order(60, seed, epoch).tolist() for seed, epoch in ((0, 1), (0, 2), (1, 1))]
    assert all(sorted(order) == list(range(60)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    torch.manual_seed(5)
    assert epoch_order(60, 0, 1).tolist() == orders[0]  # the global generator has no say


def test_a_grouped_order_is_a_permutation_of_near_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    n, row = 1_000_003, 784
    assert grouped_order(42_000, 0, 1, row).tolist() == epoch_order(42_000, 0, 1).tolist()  # one group
    order = grouped_order(n, 0, 1, row)
    assert torch.equal(order.sort().values, torch.arange(n))
    assert torch.equal(order, grouped_order(n, 0, 1, row))
    assert not torch.equal(order, grouped_order(n, 0, 2, row))
    chunk = batches.CHUNK_BYTES // row
    group = RELEASE_BYTES // (chunk * row) * chunk
    for part in order.split(group)[:3]:
        assert len(torch.unique(part // chunk)) <= group // chunk + 1  # few places of the file
        assert part[:1000].float().std() > 0.2 * n  # from all over it
        assert (part[1:] - part[:-1]).abs().median() > chunk  # neighbours do not stay together


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_pixels_are_bytes_over_255(dtype: torch.dtype) -> None:
    every = torch.arange(256, dtype=torch.uint8)[:, None]
    pixels = torch.cat([pixels.clone() for pixels, _ in Batches(every, every[:, 0].long(), 50, dtype=dtype)])
    exact = every.double() / 255
    assert torch.equal(pixels, exact.to(torch.float32).to(dtype) if dtype != torch.float64 else exact)


@pytest.mark.parametrize("block", [1, 25 * 7, 25 * 7 * 3, 1 << 20])
def test_blocks_and_starts_change_nothing(block: int) -> None:
    """Also not the place in memory, relative to its block's: the last bits of a product may depend on it."""
    order = torch.randperm(40)
    whole = [(x.clone(), x.data_ptr() % 64, y) for x, y in Batches(IMAGES, LABELS, 7, order, block_bytes=block)]
    assert torch.equal(torch.cat([x for x, _, _ in whole]), IMAGES.flatten(1)[order] / 255)
    assert torch.equal(torch.cat([y for _, _, y in whole]), order)
    for start in range(7):
        rest = Batches(IMAGES, LABELS, 7, order, start, block_bytes=block)
        assert len(rest) == 6 - start
        found = [(x.clone(), x.data_ptr() % 64, y) for x, y in rest]
        assert len(found) == len(rest)
        for (x, place, y), (x0, place0, y0) in zip(found, whole[start:], strict=True):
            assert torch.equal(x, x0)
            assert torch.equal(y, y0)
            assert place == place0


def test_a_batch_larger_than_the_set_is_the_set() -> None:
    ((pixels, labels),) = Batches(IMAGES, LABELS, 10_000)
    assert pixels.shape == (40, 25)
    assert torch.equal(labels, LABELS)

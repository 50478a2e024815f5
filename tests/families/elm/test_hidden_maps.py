"""Hidden layers that are drawn, each way against its paper's definition."""

import math

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from fcnet.config.layers import PlainActivation
from fcnet.errors import ConfigError, DataError
from fcnet.families.elm import hidden_maps
from fcnet.families.elm.config import RBF
from fcnet.families.elm.hidden_maps import HiddenMap, Inputs
from fcnet.families.elm.weights import (
    ComputedWeights,
    ConstrainedWeights,
    FieldWeights,
    PlainWeights,
    SampleWeights,
    Weights,
)

SIZE = (10, 12)
N, CLASSES = 40, 3
X = torch.rand(N, 120, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(N) % CLASSES
INPUTS = Inputs(lambda rows: X[rows], 120, LABELS, CLASSES, SIZE)


def drawn(*ways: Weights, units: int = 50, seed: int = 0) -> HiddenMap:
    """A layer drawn from X."""
    layer = HiddenMap(120, units, PlainActivation(name="sigmoid"))
    hidden_maps.fill(layer, list(ways), None, INPUTS, (seed,))
    return layer


@pytest.mark.parametrize(
    "way",
    [
        *(PlainWeights(name=name) for name in ("sign", "gaussian", "uniform", "orthogonal")),
        SampleWeights(length=2.0),
        ComputedWeights(),
        ConstrainedWeights(),
        *(FieldWeights(name=name) for name in ("rf", "rf-ciw", "rf-c")),
    ],
    ids=lambda way: way.name,
)
def test_seeds_and_lengths(way: Weights) -> None:
    layer = drawn(way)
    assert torch.equal(layer.weight, drawn(way).weight)
    assert not torch.equal(layer.weight, drawn(way, seed=1).weight)
    torch.testing.assert_close(layer.weight.norm(dim=1), torch.full((50,), 2.0))


def test_plain_weights() -> None:
    signs = drawn(PlainWeights(name="sign", length=0.0), units=2000).weight
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    assert abs(float(signs.mean())) < 5 / math.sqrt(signs.numel())
    gaussian = drawn(PlainWeights(name="gaussian", length=0.0), units=2000).weight
    assert float(gaussian.std()) == pytest.approx(1, abs=0.01)
    uniform = drawn(PlainWeights(name="uniform", length=0.0), units=2000).weight
    assert float(uniform.min()) == pytest.approx(-1, abs=1e-3)
    assert float(uniform.std()) == pytest.approx(1 / math.sqrt(3), abs=0.01)
    rows = drawn(PlainWeights(name="orthogonal", length=0.0)).weight
    torch.testing.assert_close(rows @ rows.T, torch.eye(50), atol=1e-5, rtol=0)


def test_biases() -> None:
    layer = drawn(PlainWeights(name="gaussian", bias=0.5), units=2000)
    assert float(layer.bias.abs().max()) == pytest.approx(0.5, abs=1e-3)
    assert not drawn(PlainWeights(name="gaussian")).bias.any()


def test_samples_are_training_images_none_twice() -> None:
    found = drawn(SampleWeights(), units=N).weight
    assert sorted(found.tolist()) == sorted(X.tolist())
    assert len(drawn(SampleWeights(), units=N + 5).weight) == N + 5


@pytest.mark.parametrize("at_once", [3, 2000])
def test_computed_weights_are_signed_sums_of_one_class(at_once: int) -> None:
    """Each unit's weights are X_c^T s with s of ±1: the signs are found again by least squares."""
    counts = torch.bincount(LABELS)
    weight = hidden_maps.computed(30, INPUTS, torch.Generator().manual_seed(0), at_once)
    for label, own in enumerate(hidden_maps.shares(counts, 30)):
        mine = X[label == LABELS].double()
        signs = torch.linalg.lstsq(mine.T, weight[own].double().T).solution
        torch.testing.assert_close(signs.abs(), torch.ones_like(signs), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("counts", "units"), [([1, 1, 1], 10), ([5, 0, 1], 4), ([100, 1], 3), ([7, 7], 0)])
def test_shares_are_in_proportion(counts: list[int], units: int) -> None:
    found = hidden_maps.shares(torch.tensor(counts), units)
    sizes = [own.stop - own.start for own in found]
    assert sum(sizes) == units
    assert found[0].start == 0
    assert all(abs(size - units * count / sum(counts)) < 1 for size, count in zip(sizes, counts, strict=True))


@pytest.mark.parametrize("name", ["c", "rf-c"])
def test_constrained_weights_divide_two_images_of_different_classes(name: str) -> None:
    """Some pair of images of different classes lies as far on one side of 0 as the other on the other."""
    way = ConstrainedWeights() if name == "c" else FieldWeights(name="rf-c")
    layer = drawn(way, units=20)
    inside = layer.weight != 0
    for w, b, mask in zip(layer.weight, layer.bias, inside, strict=True):
        z = X @ w + b
        pairs = (z[:, None] + z[None, :]).abs() < 1e-4  # half way between them is 0
        pairs &= LABELS[:, None] != LABELS[None, :]
        difference = (X[:, None] - X[None]) * mask
        parallel = torch.cosine_similarity(difference, w.expand_as(difference), dim=2) > 1 - 1e-5
        assert (pairs & parallel).any()


@pytest.mark.parametrize(("multiple", "length"), [(0.5, 2.0), (-1.0, 2.0), (0.0, 1.0), (-0.25, 3.0)])
def test_biases_of_pairs_are_a_multiple_of_the_midpoint(multiple: float, length: float) -> None:
    """Some pair has w = length d / |d| with d = (x1 - x2) mask, and b = multiple w (x1 + x2) / 2, in float64."""
    layer = drawn(FieldWeights(name="rf-c", bias=multiple, length=length), units=20)
    x = X.double()
    for w, b in zip(layer.weight.double(), layer.bias.double(), strict=True):
        d = (x[:, None] - x[None]) * (w != 0)
        weights = length * d / d.norm(dim=2, keepdim=True).clamp_min(1e-12)
        biases = multiple * (weights * (x[:, None] + x[None]) / 2).sum(2)
        fits = ((weights - w).abs().amax(2) < 1e-5) & ((biases - b).abs() < 1e-5) & (LABELS[:, None] != LABELS[None])
        assert fits.any()


def test_the_bias_of_the_original_program() -> None:
    """McDonnell's program: W = 2 d / |d| and b = +(x1 + x2) . d / (2 |d|); here with length 2 and a bias of 0.5.

    The same seed draws the same pairs, so its biases are -1/2 of those that put zero half way between the images.
    """
    ours, program = (drawn(ConstrainedWeights(bias=multiple)) for multiple in (-1.0, 0.5))
    assert torch.equal(ours.weight, program.weight)
    torch.testing.assert_close(program.bias, -ours.bias / 2)


@pytest.mark.parametrize("name", ["rf", "rf-ciw"])
def test_only_pairs_have_biases(name: str) -> None:
    with pytest.raises(ValidationError, match="`bias` is only used with rf-c"):
        FieldWeights.model_validate({"name": name, "bias": 0.5})


def test_one_class_alone_has_no_differences() -> None:
    inputs = Inputs(INPUTS.rows, 120, torch.zeros(N, dtype=torch.int64), 2, SIZE)
    layer = HiddenMap(120, 5, PlainActivation(name="sigmoid"))
    with pytest.raises(DataError, match="one class"):
        hidden_maps.fill(layer, [ConstrainedWeights()], None, inputs, (0,))


@pytest.mark.parametrize(("margin", "area", "least", "most"), [(0, 1, 1, 12), (3, 10, 2, 4), (4, 8, 1, 12)])
def test_receptive_fields_are_rectangles_within_the_margin(margin: int, area: int, least: int, most: int) -> None:
    way = FieldWeights(name="rf", margin=margin, least_area=area, least_side=least, most_side=most, length=0.0)
    weight = drawn(way, units=300).weight.view(300, *SIZE)
    for one in weight != 0:
        rows, columns = torch.nonzero(one.any(1)).flatten(), torch.nonzero(one.any(0)).flatten()
        assert one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert int(one.sum()) >= area
        assert least <= min(len(rows), len(columns)) <= max(len(rows), len(columns)) <= most
        assert min(rows[0], columns[0]) >= margin
        assert rows[-1] < SIZE[0] - margin
        assert columns[-1] < SIZE[1] - margin


@pytest.mark.parametrize(("margin", "area"), [(5, 1), (4, 9), (0, 121)])
def test_fields_that_do_not_fit_are_refused(margin: int, area: int) -> None:
    with pytest.raises(ConfigError, match="lower margin, least_side or least_area"):
        drawn(FieldWeights(name="rf", margin=margin, least_area=area))


def test_a_list_shares_the_units() -> None:
    layer = drawn(PlainWeights(name="sign", length=0.0), SampleWeights(), units=5)
    assert (layer.weight[:3].abs() == 1).all()
    assert all(any(torch.equal(row, one) for one in X) for row in layer.weight[3:])


def rbf(width: float | None) -> tuple[HiddenMap, Tensor]:
    """A layer of radial basis functions around training images, and the distances of X to them."""
    layer = HiddenMap(120, 7, RBF())
    hidden_maps.fill(layer, [SampleWeights()], width, INPUTS, (0,))
    return layer, torch.cdist(X.double(), layer.weight.double())


def test_radial_basis_functions() -> None:
    layer, distances = rbf(0.7)
    expected = torch.exp(-(distances**2) / (2 * 0.7**2))
    torch.testing.assert_close(layer(X).double(), expected, atol=1e-4, rtol=1e-4)
    median = float(torch.pdist(layer.weight.double()).median())
    assert float(rbf(None)[0].activation.width) == pytest.approx(median)  # type: ignore[arg-type]


def test_centres_at_one_place_have_no_width() -> None:
    with pytest.raises(ConfigError, match="most centres are equal; set width"):
        hidden_maps.median_distance(torch.ones(5, 3))


def test_forward_is_the_slides_formula() -> None:
    layer = drawn(PlainWeights(name="gaussian", bias=1.0))
    expected = 1 / (1 + torch.exp(-(X.double() @ layer.weight.double().T + layer.bias.double())))
    torch.testing.assert_close(layer(X).double(), expected, atol=1e-6, rtol=1e-6)

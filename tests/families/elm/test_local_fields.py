"""Local receptive fields against their definition, place by place."""

from pathlib import Path
from typing import Any

import pytest
import torch

from fcnet.families.elm import hidden_maps, local_fields
from fcnet.families.elm.hidden_maps import Inputs
from fcnet.families.elm.local_fields import LocalFields
from fcnet.families.elm.weights import LocalWeights
from helpers.command_line import Run
from helpers.nets import weights
from helpers.tiny import tiny_config, write_config

SIZE = (9, 11)
X = torch.rand(6, 99, generator=torch.Generator().manual_seed(0))
WAY = LocalWeights(side=3, pool=2, stride=2)


def fields(filters: int = 4, seed: int = 0, cached: int = local_fields.CACHED) -> LocalFields:
    """3x4 squares a filter: 7x9 places, of which 2x2 make a unit."""
    layer = LocalFields(SIZE, 12 * filters, WAY, cached)
    inputs = Inputs(lambda rows: X[rows], 99, torch.arange(6) % 2, 2, SIZE)
    hidden_maps.fill(layer, [WAY], None, inputs, (seed,))
    return layer


def test_a_unit_is_the_root_of_a_sum_of_squares() -> None:
    layer = fields()
    assert WAY.grid(SIZE) == (3, 4)
    images, filters = X.double().reshape(-1, *SIZE), layer.weight.double().reshape(-1, 3, 3)
    expected = torch.zeros(6, 4, 3, 4, dtype=torch.float64)
    for row in range(3):
        for column in range(4):
            for place in ((2 * row + i, 2 * column + j) for i in range(2) for j in range(2)):
                patch = images[:, place[0] : place[0] + 3, place[1] : place[1] + 3]
                expected[:, :, row, column] += torch.einsum("nij,kij->nk", patch, filters).square()
    torch.testing.assert_close(layer(X).double(), expected.sqrt().flatten(1), rtol=1e-5, atol=1e-6)


def test_images_go_a_few_at_a_time() -> None:
    torch.testing.assert_close(fields(cached=1)(X), fields()(X))


def test_filters_are_orthogonal_and_of_length_one() -> None:
    few, many = fields(4).weight, fields(30).weight
    torch.testing.assert_close(few @ few.T, torch.eye(4))
    torch.testing.assert_close(many.norm(dim=1), torch.ones(30))
    assert torch.equal(few, fields(4).weight)
    assert not torch.equal(few, fields(4, seed=1).weight)


@pytest.mark.parametrize(
    ("way", "units", "told"),
    [
        ({}, 24, None),
        ({}, 26, "each lrf filter has 3x4 units for images of 9x11 pixels; set a multiple of 12, such as 24 or 36"),
        ({}, 5, "such as 12"),
        ({"side": 9}, 12, "need 10 pixels, but images have 9x11; lower side or pool"),
    ],
)
def test_units_that_cannot_be_had(way: dict[str, Any], units: int, told: str | None) -> None:
    problem = LocalWeights.model_validate({"name": "lrf", "side": 3, "pool": 2, "stride": 2} | way).misfit(SIZE, units)
    assert problem is None if told is None else told in str(problem)


def test_a_net_of_local_fields(fcnet: Run, tiny: Path) -> None:
    """Trained, taken up with more steps, evaluated and drawn; what does not fit is refused."""
    values = {name: part for name, part in tiny_config(tiny).items() if name != "train"}
    height, width = values["data"]["image_size"]
    way: dict[str, Any] = {"name": "lrf", "side": 3, "pool": 2, "stride": 2}
    rows, columns = LocalWeights(**way).grid((height, width))
    values["model"] = {"kind": "elm", "hidden": 5 * rows * columns, "weights": way}
    path = write_config(tiny / "lrf.yaml", values)
    outcome = fcnet("train", "-c", path, "--out", "run")
    assert outcome.code == 0, outcome.err
    assert weights("run")["machines.0.hidden.weight"].shape == (5, 9)
    before = weights("run")
    assert fcnet("train", "-c", path, "--resume", "run", "solve.solver.ridge=2").code == 0
    after = weights("run")
    assert torch.equal(before["machines.0.hidden.weight"], after["machines.0.hidden.weight"])
    assert not torch.equal(before["machines.0.readout.weight"], after["machines.0.readout.weight"])
    assert fcnet("eval", "run", "--json").code == 0
    assert fcnet("plot", "run").code == 0
    for words, told in (
        (["model.hidden=1"], "model.hidden: is 1, but each lrf filter"),
        (["model.activation=tanh"], "`activation`: is tanh"),
        (["model.weights=[lrf,ciw]"], "directly after the pixels"),
        (["model.encoders=[{kind: drawn, weights: lrf}]"], "directly after the pixels"),
    ):
        outcome = fcnet("train", "-c", path, *words, "--out", "other")
        assert outcome.code == 2
        assert told in outcome.errors[0]
        assert not Path("other").exists()

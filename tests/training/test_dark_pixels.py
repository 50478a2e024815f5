"""A net without the inputs that are dark in all training images: the same training, but for the order of sums."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fcnet.config.train import SGD, Adam, AdamW, Train
from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.dark_pixels import Narrow, lit, narrow, take
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.records import Start
from helpers.tiny import pictures

SIDE = 8
DARK = [*range(10), *range(40, 50)]


def folder(n: int, seed: int, dark: bool = True) -> ImageFolder:
    """Pictures of 64 pixels; 20 of them are black in all."""
    pixels, labels = pictures(n, seed)
    images = torch.nn.functional.interpolate(torch.from_numpy(pixels)[:, None].float() + 1, SIDE)[:, 0].to(torch.uint8)
    if dark:
        images.flatten(1)[:, DARK] = 0
    return ImageFolder(images, torch.from_numpy(labels), ("0", "1", "2"), Path(), [""] * n)


# Test images are lit where training images are not.
SPLITS = Splits(folder(60, 0), None, folder(21, 1, dark=False))


def trained(splits: Splits, settings: Train, whole: bool, **model: object) -> tuple[FCNet, str]:
    """A net trained with all its inputs or without the dark ones, and what was said of the step."""
    torch.manual_seed(0)
    net = FCNet(SIDE * SIDE, [9], 3, **model).double()  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patched:
        if whole:
            patched.setattr("fcnet.training.dark_pixels.narrow", lambda *_: None)
        records = list(fit(GradientTraining(net, splits, settings, 0)))
    assert isinstance(records[0], Start)
    return net, records[0].step


def test_lit_inputs_are_kept_in_multiples_of_16() -> None:
    kept = lit(SPLITS.train.images.flatten(1))
    assert kept is not None
    assert kept.tolist() == sorted({*range(64)} - set(DARK[4:]))  # 44 lit ones, and 4 dark ones to make 48
    images = SPLITS.train.images.flatten(1)
    assert torch.equal(take(images, kept), images[:, kept])
    assert lit(torch.ones(5, 64, dtype=torch.uint8)) is None
    assert lit(torch.ones(5, 10, dtype=torch.uint8)) is None
    some = lit(torch.zeros(5, 64, dtype=torch.uint8))  # black images are images too
    assert some is not None
    assert len(some) == 16


@pytest.mark.parametrize(
    "settings",
    [
        Train(epochs=3, batch_size=7, optimizer=Adam(lr=0.02)),
        Train(epochs=3, batch_size=7, optimizer=SGD(lr=0.1, momentum=0.9), clip_grad_norm=0.1, label_smoothing=0.1),
    ],
    ids=["adam", "sgd, clipped"],
)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_weights_are_those_of_the_whole_net(settings: Train, batch_norm: bool) -> None:
    (a, said), (b, other) = (trained(SPLITS, settings, whole, batch_norm=batch_norm) for whole in (False, True))
    assert said == other + "; 48 of 64 pixels (all others are black in all training images)"
    for name, tensor in a.state_dict().items():
        # A bias before batch norm has a gradient of 0 but for rounding, which Adam scales up; the mean follows it.
        rounding = 1e-7 if batch_norm and name in ("fc1.bias", "bn1.running_mean") else 1e-11
        torch.testing.assert_close(tensor, b.state_dict()[name], rtol=1e-9, atol=rounding)


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        (Train(epochs=1, l2=0.1), {}),
        (Train(epochs=1, optimizer=AdamW(weight_decay=0.1)), {}),
        (Train(epochs=1), {"input_dropout": 0.1}),
    ],
    ids=["l2", "weight decay", "dropped inputs"],
)
def test_weights_that_change_without_a_gradient_are_kept(settings: Train, model: dict) -> None:
    assert "pixels" not in trained(SPLITS, settings, False, **model)[1]


def test_a_twin_shares_all_but_the_first_weights() -> None:
    torch.manual_seed(3)
    net = FCNet(SIDE * SIDE, [9], 3)
    weight = net.get_parameter("fc1.weight")
    before, numbers = weight.clone(), torch.get_rng_state()
    twin = narrow(net, SPLITS.train.images.flatten(1))
    assert isinstance(twin, Narrow)
    assert torch.equal(numbers, torch.get_rng_state())  # no number was drawn
    x = torch.rand(5, SIDE * SIDE)
    x[:, DARK] = 0
    torch.testing.assert_close(twin.net(x[:, twin.inputs]), net(x))
    with torch.no_grad():
        for parameter in twin.net.parameters():
            parameter.add_(1)
    assert torch.equal(weight, before)
    twin.publish()
    kept = twin.inputs
    assert torch.equal(weight[:, kept], before[:, kept] + 1)
    others = sorted({*range(64)} - set(kept.tolist()))
    assert torch.equal(weight[:, others], before[:, others])
    torch.testing.assert_close(twin.net(x[:, twin.inputs]), net(x))
    with torch.no_grad():
        weight.fill_(0.5)
    twin.take_up()
    torch.testing.assert_close(twin.net(x[:, twin.inputs]), net(x))


def test_a_state_is_that_of_the_whole_net_and_is_taken_up_exactly() -> None:
    settings = Train(epochs=4, batch_size=7, optimizer=Adam(lr=0.02))
    ends = []
    for stop in (None, 5, 13):
        torch.manual_seed(0)
        training = GradientTraining(FCNet(SIDE * SIDE, [9], 3), SPLITS, settings, 0)
        if stop is not None:
            for _ in zip(range(stop), fit(training), strict=False):
                pass
            state = training.state()
            assert state["model"]["fc1.weight"].shape == (9, 64)
            torch.manual_seed(99)
            other = GradientTraining(FCNet(SIDE * SIDE, [9], 3), replace(SPLITS), settings, 0)
            other.load(state)
            training = other
        list(fit(training))
        ends.append(training.model.state_dict())
    for end in ends[1:]:
        assert all(torch.equal(end[name], tensor) for name, tensor in ends[0].items())

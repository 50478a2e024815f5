"""The persistent kernel against the eager step: emulated on the CPU, and on a GPU where there is one."""

import copy
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from fcnet.config.train import SGD, Adam, AdamW
from fcnet.training.gpu.done import Unavailable
from fcnet.training.gpu.persistent import kernel
from fcnet.training.gpu.persistent.kernel import Persistent
from fcnet.training.gpu.persistent.plan import Plan, Shape
from fcnet.training.objective import Classify
from fcnet.training.optim import optimizers
from fcnet.training.optim.optimizers import Optimizer
from fcnet.training.steps.by_hand import ByHand
from fcnet.training.steps.step import EagerStep
from helpers.emulated import emulate

ACTIVATIONS: list[nn.Module] = [
    nn.ReLU(),
    nn.LeakyReLU(0.2),
    nn.ELU(0.7),
    nn.Sigmoid(),
    nn.Tanh(),
    nn.Softplus(),
    nn.Identity(),
]
SETTINGS = [
    Adam(),
    Adam(betas=[0.5, 0.9], eps=1e-4),
    AdamW(weight_decay=0.3),
    SGD(),
    SGD(momentum=0.9),
    SGD(momentum=0.9, nesterov=True),
]
IMAGES = 300

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use")


class Case:
    """A net, its optimiser, and images that are dark for the most part, as digits are."""

    def __init__(
        self, pixels=64, units=6, classes=10, batch=32, f=None, settings=None, smoothing=0.0, device="cpu"
    ) -> None:
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(pixels, units), copy.deepcopy(f or nn.ReLU()), nn.Linear(units, classes))
        self.net.to(device)
        self.batch, self.smoothing, self.device = batch, smoothing, device
        lit = torch.rand(IMAGES, pixels) < 0.3
        self.images = (torch.rand(IMAGES, pixels) * 256 * lit).to(torch.uint8).to(device)
        self.labels = torch.randint(classes, (IMAGES,)).to(device)
        self.optimizer = optimizers.build(settings or Adam(), self.net)

    def arguments(self) -> tuple[nn.Module, Optimizer, float, Tensor, Tensor, int]:
        return self.net, self.optimizer, self.smoothing, self.images, self.labels, self.batch

    def order(self, steps: int) -> Tensor:
        return torch.randint(IMAGES, (steps * self.batch,), generator=torch.Generator().manual_seed(1)).to(self.device)

    def lrs(self, steps: int) -> Tensor:
        return torch.linspace(1e-3, 2e-3, steps, dtype=torch.float64, device=self.device)

    def eager(self, order: Tensor, lrs: Tensor) -> tuple[Tensor, Tensor]:
        step = EagerStep(self.net, ByHand(self.net, Classify(self.smoothing)), self.optimizer)
        losses, hits = [], []
        for places, lr in zip(order.view(-1, self.batch), lrs, strict=True):
            output = step(self.images[places].float().div(255), self.labels[places], lr.float())
            assert output.logits is not None
            losses.append(output.loss)
            hits.append((output.logits.argmax(1) == self.labels[places]).sum())
        return torch.stack(losses), torch.stack(hits)

    def persistent(self, order: Tensor, lrs: Tensor, *flags: str) -> tuple[Tensor, Tensor]:
        if self.device == "cuda":
            done = Persistent(*self.arguments())(order, lrs)
            return done.losses, done.hits
        memory = emulate(Plan(*self.arguments()), order, lrs, *flags)
        return memory.losses, memory.hits

    def state(self) -> list[Tensor]:
        return [*(p.detach() for p in self.net.parameters()), *self.optimizer.tensors()]


def compare(steps: int, atol: float, slack: int = 0, **sizes) -> None:
    """Steps of the kernel and eager ones from the same start come to the same."""
    ours, theirs = Case(**sizes), Case(**sizes)
    order, lrs = ours.order(steps), ours.lrs(steps)
    losses, hits = ours.persistent(order, lrs)
    expected, right = theirs.eager(order, lrs)
    torch.testing.assert_close(losses, expected, rtol=1e-4, atol=1e-5)
    assert (hits - right).abs().max() <= slack
    for a, b in zip(ours.state(), theirs.state(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=atol)


# --- emulated -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", ACTIVATIONS, ids=lambda f: type(f).__name__)
def test_every_activation(f: nn.Module) -> None:
    compare(2, 1e-6, f=f, pixels=37, units=3, batch=9, classes=5, smoothing=0.1)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_every_optimizer(settings) -> None:
    compare(4, 1e-6, settings=settings, pixels=20, units=6, batch=8)


@pytest.mark.parametrize(
    ("pixels", "units", "classes", "batch"),
    [(1, 1, 2, 1), (784, 5, 10, 100), (720, 1, 26, 128), (1100, 2, 32, 33), (37, 9, 17, 32)],
)
def test_odd_sizes(pixels: int, units: int, classes: int, batch: int) -> None:
    compare(2, 1e-6, pixels=pixels, units=units, classes=classes, batch=batch)


def test_steps_of_both_kinds_take_turns() -> None:
    ours, theirs = Case(), Case()
    order, lrs = ours.order(6), ours.lrs(6)
    theirs.eager(order, lrs)
    for number, take in enumerate((ours.persistent, ours.eager, ours.persistent)):
        part = slice(number * 2 * ours.batch, (number + 1) * 2 * ours.batch)
        take(order[part], lrs[2 * number : 2 * number + 2])
    for a, b in zip(ours.state(), theirs.state(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("settings", [Adam(), SGD(momentum=0.9)])
def test_bits_do_not_depend_on_how_many_steps_a_launch_takes(settings: Adam | SGD) -> None:
    """Launches are as long as the time allows: four steps at once, or one and three, are the same."""
    whole, parts = (Case(pixels=100, units=5, batch=12, settings=settings) for _ in range(2))
    order, lrs = whole.order(4), whole.lrs(4)
    losses, hits = whole.persistent(order, lrs)
    found = [parts.persistent(order[12 * a : 12 * b], lrs[a:b]) for a, b in ((0, 1), (1, 4))]
    assert torch.equal(losses, torch.cat([one[0] for one in found]))
    assert torch.equal(hits, torch.cat([one[1] for one in found]))
    assert all(torch.equal(a, b) for a, b in zip(whole.state(), parts.state(), strict=True))


@pytest.mark.parametrize("flags", [("-DORDER=1",), ("-DLATE",), ("-DORDER=1", "-DLATE", "-DFETCH=2")])
def test_bits_do_not_depend_on_which_thread_is_faster(flags: tuple[str, ...]) -> None:
    usual, other = (Case(pixels=100, units=5, batch=37, f=nn.Sigmoid()) for _ in range(2))
    order, lrs = usual.order(3), usual.lrs(3)
    losses, hits = usual.persistent(order, lrs)
    again = other.persistent(order, lrs, *flags)
    assert torch.equal(losses, again[0])
    assert torch.equal(hits, again[1])
    assert all(torch.equal(a, b) for a, b in zip(usual.state(), other.state(), strict=True))


def test_bits_do_not_depend_on_room_for_one_more_block() -> None:
    one, two = Case(), Case()
    runs = [emulate(Plan(*case.arguments()), case.order(3), case.lrs(3), more=n) for n, case in enumerate((one, two))]
    assert torch.equal(runs[0].losses, runs[1].losses)
    assert torch.equal(runs[0].hits, runs[1].hits)
    assert all(torch.equal(a, b) for a, b in zip(one.state(), two.state(), strict=True))


def spoil(case: Case, name: str, value: float) -> None:
    with torch.no_grad():
        case.net.get_parameter(name).view(-1)[1] = value


@pytest.mark.parametrize("name", ["0.weight", "0.bias", "2.weight", "2.bias"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("f", [nn.ReLU(), nn.Identity()], ids=lambda f: type(f).__name__)
def test_what_is_not_finite_reaches_the_losses(name: str, value: float, f: nn.Module) -> None:
    case = Case(f=f)
    spoil(case, name, value)
    losses, _ = case.persistent(case.order(2), case.lrs(2))
    assert not losses.isfinite().any()
    assert not any(p.isfinite().all() for p in case.net.parameters())


def test_a_logit_that_does_not_fit_is_like_nan() -> None:
    case = Case(f=nn.Identity())
    spoil(case, "0.weight", 1e9)
    losses, _ = case.persistent(case.order(1), case.lrs(1))
    assert losses.isnan().all()


def test_a_large_weight_leaves_small_ones_exact() -> None:
    """Each unit has its own scale."""
    ours, theirs = Case(units=4, f=nn.Tanh()), Case(units=4, f=nn.Tanh())
    for case in (ours, theirs):
        spoil(case, "0.weight", 1e4)
    order, lrs = ours.order(1), ours.lrs(1)
    torch.testing.assert_close(ours.persistent(order, lrs)[0], theirs.eager(order, lrs)[0], rtol=1e-6, atol=1e-6)


# --- refusals -------------------------------------------------------------------------------------------------------


def refusal(change: Callable[[Case], None]) -> str:
    case = Case()
    change(case)
    with pytest.raises(Unavailable) as caught:
        Plan(*case.arguments())
    return str(caught.value)


def with_net(*modules: nn.Module) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        case.net = nn.Sequential(*modules)
        case.optimizer = optimizers.build(Adam(), case.net)

    return change


def frozen(case: Case) -> None:
    case.net.get_parameter("0.bias").requires_grad_(False)
    case.optimizer = optimizers.build(Adam(), case.net)


def transposed(case: Case) -> None:
    first = case.net.get_parameter("0.weight")
    first.data = first.data.T.contiguous().T


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_net(nn.Linear(64, 10)), "the net has not exactly one hidden layer"),
        (with_net(nn.Linear(64, 5), nn.GELU(), nn.Linear(5, 10)), "the activation GELU"),
        (with_net(nn.Linear(64, 5), nn.Softplus(2), nn.Linear(5, 10)), "the activation Softplus"),
        (with_net(nn.Linear(64, 5, bias=False), nn.ReLU(), nn.Linear(5, 10)), "a layer has no bias"),
        (with_net(nn.ReLU(), nn.Linear(64, 5), nn.Linear(5, 10)), "the net is not a linear layer"),
        (with_net(nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 33)), "33 classes, more than 32"),
        (with_net(nn.Linear(65, 5), nn.ReLU(), nn.Linear(5, 10)), "images are torch.uint8 (300, 64)"),
        (with_net(nn.Linear(3000, 5), nn.ReLU(), nn.Linear(5, 10)), "3000 pixels, more than 2048"),
        (frozen, "parameters are frozen"),
        (transposed, "a parameter is not float32, or not contiguous"),
        (lambda case: case.net.double(), "a parameter is not float32"),
        (lambda case: setattr(case, "batch", 129), "129 images per step, more than 128"),
        (lambda case: setattr(case, "labels", case.labels.int()), "labels are torch.int32"),
        (lambda case: setattr(case, "images", case.images.float()), "images are torch.float32"),
        (lambda case: setattr(case, "optimizer", optimizers.build(Adam(eps=1e-20), case.net)), "eps is 1e-20, less"),
        (lambda case: setattr(case, "optimizer", object()), "the optimiser object is not supported"),
    ],
)
def test_what_does_not_fit_is_refused(change: Callable[[Case], None], reason: str) -> None:
    assert refusal(change).startswith(reason)


def test_a_net_on_the_cpu_is_refused() -> None:
    with pytest.raises(Unavailable, match="the net is on cpu, not on a GPU"):
        Persistent(*Case().arguments())


@pytest.mark.parametrize(
    ("shared", "processors", "reason"),
    [
        (101376, 132, "a block takes 211,.* more than the GPU's 101,376"),
        (232448, 20, "90 hidden units take 23 blocks, more than the 20"),
    ],
)
def test_a_device_that_is_too_small_is_refused(shared: int, processors: int, reason: str) -> None:
    plan = Plan(*Case(pixels=784, units=90, batch=115).arguments())
    device = SimpleNamespace(shared_memory_per_block_optin=shared, multi_processor_count=processors)
    with pytest.raises(Unavailable, match=reason):
        kernel._check_room(plan, device)


def test_an_old_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    with pytest.raises(Unavailable, match="has compute capability 7"):
        kernel._check_device(torch.device("cuda"))


@pytest.mark.parametrize("pixels", [*range(1, 130), 720, 784, 1024])
def test_rows_of_images_do_not_share_banks(pixels: int) -> None:
    """Eight rows of 16 bytes, and four rows from two to two of 32 bytes, are read at once, each from its own banks."""
    row = Shape(pixels, 10, 100).row
    assert row >= pixels
    assert row % 16 == 0
    assert row - pixels < 32
    assert len({(r * row // 4 + word) % 32 for r in range(8) for word in range(4)}) == 32
    assert len({(2 * r * row // 4 + word) % 32 for r in range(4) for word in range(8)}) == 32


def test_mnist_fits_the_hopper_with_100_images_and_with_128() -> None:
    assert Shape(784, 10, 100).shared < Shape(784, 10, 128).shared <= 232448


# --- on a GPU -------------------------------------------------------------------------------------------------------


@needs_gpu
@pytest.mark.parametrize("steps", [1, 5, 50])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("f", ACTIVATIONS, ids=lambda f: type(f).__name__)
def test_gpu_steps_are_eager_ones(f: nn.Module, settings, steps: int) -> None:
    atol = {1: 2e-5, 5: 2e-4, 50: 5e-3}[steps]
    compare(steps, atol, steps // 5, device="cuda", f=f, settings=settings, units=100, smoothing=0.1)


@needs_gpu
@pytest.mark.parametrize("pixels", [37, 64, 720, 784])
@pytest.mark.parametrize("units", [1, 3, 500])
@pytest.mark.parametrize(("classes", "batch"), [(2, 1), (10, 32), (10, 100), (26, 100), (10, 128)])
def test_gpu_odd_sizes(pixels: int, units: int, classes: int, batch: int) -> None:
    compare(5, 2e-4, 1, device="cuda", pixels=pixels, units=units, classes=classes, batch=batch)


@needs_gpu
def test_gpu_bits_are_equal_from_run_to_run() -> None:
    runs = [Case(pixels=784, units=500, batch=100, device="cuda") for _ in range(2)]
    losses = [run.persistent(run.order(300), run.lrs(300))[0] for run in runs]
    assert torch.equal(*losses)
    assert all(torch.equal(a, b) for a, b in zip(runs[0].state(), runs[1].state(), strict=True))


@needs_gpu
def test_gpu_what_is_not_finite_reaches_the_losses() -> None:
    case = Case(device="cuda")
    spoil(case, "0.weight", float("nan"))
    losses, _ = case.persistent(case.order(2), case.lrs(2))
    assert losses.isnan().all()

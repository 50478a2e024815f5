"""What the kernel ``train.cu`` is compiled for and given: sizes, addresses, learning rates, memory.

Nothing here needs a GPU, so tests run the kernel on a CPU.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.training.gpu.done import Unavailable
from fcnet.training.optim.optimizers import AdamOptimizer, Optimizer, SGDOptimizer

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.Identity)
UNITS = 4  # hidden units of a block
CLASSES, BATCH, PIXELS = 32, 128, 2048  # the most that the kernel is written for
EPS = 1e-16  # the least of Adam: the kernel's roots of smaller numbers are 0


@dataclass(frozen=True)
class Shape:
    """The sizes that a kernel is compiled for.

    Attributes:
        pixels, classes: inputs and outputs of the net.
        batch: images per step.
    """

    pixels: int
    classes: int
    batch: int

    @cached_property
    def row(self) -> int:
        """Return the bytes from image to image: 16 or 48 more than a multiple of 64, so that rows share no bank."""
        row = -(-self.pixels // 16) * 16
        return row if row // 16 % 2 else row + 16

    @cached_property
    def shared(self) -> int:
        """Return the bytes of shared memory that a block takes, laid out as in the kernel."""
        rows, groups = _up(self.batch, 16), _up(self.pixels, 64) // 64
        quads, column = _up(self.classes, 4) // 4, (self.batch + 23) // 32 * 32 + 8
        parts = _up(4 * max(4 * rows * UNITS, self.classes * column), 16)
        errors, hidden = _up(self.batch, 32) * 16, 16 * self.batch
        small = 12 * (quads * 20 + UNITS) + 4 * 256
        end = 2 * self.batch * self.row + groups * 1024 + parts + errors + hidden + small + 32 * self.batch + 32
        return max(end, (self.batch + rows) * self.row + 64 * groups)

    def options(self, activation: str, adam: bool) -> list[str]:
        """Return the compiler's options for an activation of ``ACTIVATIONS`` and an optimiser."""
        values = {
            "D": self.pixels,
            "S": self.row,
            "B": self.batch,
            "C": self.classes,
            "ACTIVATION": activation,
            "ADAM": int(adam),
            "SHARED": self.shared,
        }
        return [f"-D{name}={value}" for name, value in values.items()]


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


class Layers(ctypes.Structure):
    """Addresses of a tensor for each parameter: first weights and bias, second weights and bias; null for none."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("first", "first_bias", "second", "second_bias")]


class Job(ctypes.Structure):
    """The kernel's argument; the kernel says what the fields are."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("images", "labels", "order", "rates")),
        *((name, Layers) for name in ("values", "means", "squares")),
        *((name, ctypes.c_void_p) for name in ("sums", "arrived", "bad", "losses", "hits")),
        *((name, ctypes.c_int) for name in ("units", "steps", "nesterov")),
        *((name, ctypes.c_float) for name in ("smoothing", "slope", "momentum")),
        *((name, ctypes.c_float) for name in ("beta1", "rest1", "beta2", "rest2", "eps")),
    ]


class Plan:
    """What a launch needs of a net, its optimiser and a set of images, on any device.

    Args:
        net: its children are a linear layer, an activation and a linear layer.
        optimizer: of all parameters of the net.
        smoothing: of the labels.
        images: uint8 (N, D).
        labels: int64 (N,).
        batch: images per step.

    Raises:
        Unavailable: the kernel is not for these.
    """

    def __init__(
        self, net: nn.Module, optimizer: Optimizer, smoothing: float, images: Tensor, labels: Tensor, batch: int
    ) -> None:
        first, f, second = _parts(net)
        self.parameters = [first.weight, first.bias, second.weight, second.bias]
        self.shape = Shape(first.in_features, second.out_features, batch)
        self.units, self.activation = first.out_features, type(f).__name__
        self.optimizer, self._smoothing = optimizer, smoothing
        self._slope = float(getattr(f, "negative_slope", getattr(f, "alpha", 0.0)))
        self._means, self._squares = _state(optimizer, self.parameters)
        _check(self.shape, self.parameters, images, labels)
        self.images, self.labels = _in_rows(images, self.shape.row), labels.contiguous()

    @property
    def options(self) -> list[str]:
        """Return the compiler's options."""
        return self.shape.options(self.activation, isinstance(self.optimizer, AdamOptimizer))

    @property
    def blocks(self) -> int:
        """Return how many blocks have hidden units."""
        return -(-self.units // UNITS)

    def job(self, order: Tensor, rates: Tensor, memory: "Memory") -> Job:
        """Return the kernel's argument for steps on images at some positions (steps * B,).

        The tensors must be kept until the kernel is queued.
        """
        job = Job(
            self.images.data_ptr(), self.labels.data_ptr(), order.data_ptr(), rates.data_ptr(),
            *(_addresses(tensors) for tensors in (self.parameters, self._means, self._squares)),
        )  # fmt: skip
        job.sums, job.arrived, job.bad, job.losses, job.hits = memory.addresses()
        job.units, job.steps, job.smoothing, job.slope = self.units, len(rates), self._smoothing, self._slope
        if isinstance(self.optimizer, AdamOptimizer):
            settings = self.optimizer.settings
            job.beta1, job.beta2, job.eps = *settings.betas, settings.eps
            job.rest1, job.rest2 = (1 - beta for beta in settings.betas)
        elif isinstance(self.optimizer, SGDOptimizer):
            job.momentum, job.nesterov = self.optimizer.settings.momentum, self.optimizer.settings.nesterov
        return job


class Memory:
    """What a launch works in and leaves its results in, in new tensors on a device.

    Attributes:
        losses: float32 (steps,).
        hits: int64 (steps,).
    """

    def __init__(self, shape: Shape, steps: int, device: torch.device) -> None:
        self._sums = 3 * _up(shape.classes, 4) * shape.batch
        # Sums, the barrier's counter, and marks of steps; all are 0 at the start.
        self._work = torch.zeros(self._sums + 1 + (steps + 1) // 2, dtype=torch.int64, device=device)
        self.losses = torch.empty(steps, device=device)
        self.hits = torch.zeros(steps, dtype=torch.int64, device=device)

    def addresses(self) -> tuple[int, ...]:
        """Return those of sums, arrived, bad, losses and hits."""
        sums = self._work.data_ptr()
        arrived = sums + 8 * self._sums
        return sums, arrived, arrived + 8, self.losses.data_ptr(), self.hits.data_ptr()


def _parts(net: nn.Module) -> tuple[nn.Linear, nn.Module, nn.Linear]:
    modules = list(net.children())
    if len(modules) != 3:
        raise Unavailable("the net has not exactly one hidden layer")
    first, f, second = modules
    if type(first) is not nn.Linear or type(second) is not nn.Linear:
        raise Unavailable("the net is not a linear layer, an activation and a linear layer")
    if type(f) not in ACTIVATIONS or (isinstance(f, nn.Softplus) and (f.beta, f.threshold) != (1, 20)):
        raise Unavailable(f"the activation {f} is not supported")
    if first.bias is None or second.bias is None:
        raise Unavailable("a layer has no bias")
    return first, f, second


def _state(optimizer: Optimizer, parameters: list[Tensor]) -> tuple[list[Tensor | None], list[Tensor | None]]:
    """Return for each parameter the optimiser's running means, or velocity, and its squares; None for none."""
    if not isinstance(optimizer, AdamOptimizer | SGDOptimizer):
        raise Unavailable(f"the optimiser {type(optimizer).__name__} is not supported")
    if isinstance(optimizer, AdamOptimizer) and optimizer.settings.eps < EPS:
        raise Unavailable(f"eps is {optimizer.settings.eps}, less than {EPS}")
    known = {id(one.parameter): one for one in optimizer.members()}
    if known.keys() != {id(p) for p in parameters}:
        raise Unavailable("parameters are frozen, or of another net")
    members = [known[id(p)] for p in parameters]
    decays = [one.decay for one in members]
    if any(decays) and decays != [decays[0], 0, decays[0], 0]:
        raise Unavailable("decay does not act on the two weight matrices alone")
    return [one.mean for one in members], [one.square for one in members]


def _check(shape: Shape, parameters: list[Tensor], images: Tensor, labels: Tensor) -> None:
    limits = (
        ("pixels", shape.pixels, PIXELS),
        ("classes", shape.classes, CLASSES),
        ("images per step", shape.batch, BATCH),
    )
    for what, found, most in limits:
        if found > most:
            raise Unavailable(f"{found} {what}, more than {most}")
    if any(p.dtype != torch.float32 or not p.is_contiguous() for p in parameters):
        raise Unavailable("a parameter is not float32, or not contiguous")
    if any(tensor.device != parameters[0].device for tensor in (images, labels, *parameters)):
        raise Unavailable("images, labels and parameters are not on one device")
    if images.dtype != torch.uint8 or images.ndim != 2 or images.shape[1] != shape.pixels:
        raise Unavailable(f"images are {images.dtype} {tuple(images.shape)}, not uint8 (N, {shape.pixels})")
    if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        raise Unavailable(f"labels are {labels.dtype} {tuple(labels.shape)}, not int64 (N,)")


def _in_rows(images: Tensor, row: int) -> Tensor:
    """Return images uint8 (N, D) as (N, row), the same ones if they are so already."""
    if images.shape[1] == row and images.is_contiguous() and images.data_ptr() % 16 == 0:
        return images
    return functional.pad(images, (0, row - images.shape[1])).contiguous().clone()


def _addresses(tensors: Sequence[Tensor | None]) -> Layers:
    return Layers(*(None if tensor is None else tensor.data_ptr() for tensor in tensors))

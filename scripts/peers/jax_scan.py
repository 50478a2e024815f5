"""The benchmark's job in JAX: each epoch is one compiled ``lax.scan`` over mini-batches of resident bytes.

python scripts/peers/jax_scan.py ARRAYS.npz --epochs 10 [--seed S] [--threads T]

Prints one JSON object per epoch. Uses the GPU if JAX is built for it and finds one.
"""

import argparse
import json
import os
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="784-500-10 in JAX")
    parser.add_argument("arrays", type=Path, help=".npz with train_images, train_labels, test_images, test_labels")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="cores that the process may use (default: all; Linux only)")
    return parser.parse_args()


ARGS = arguments()
if ARGS.threads:  # JAX has no such setting: it starts a thread for each core that it may use
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: ARGS.threads])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
from jax import Array  # noqa: E402

BATCH = 100
ADAM = optax.adam(1e-3)

Net = list[tuple[Array, Array]]  # weights (in, out) and biases (out,) of each layer


class State(NamedTuple):
    """The state that a step changes."""

    net: Net
    adam: optax.OptState


def new_net(key: Array, sizes: tuple[int, ...]) -> Net:
    """Return a net of random weights, uniform in ±1 / sqrt(inputs), as in PyTorch."""
    net = []
    for inputs, outputs in pairwise(sizes):
        key, for_weights, for_biases = jax.random.split(key, 3)
        bound = inputs**-0.5
        weights = jax.random.uniform(for_weights, (inputs, outputs), minval=-bound, maxval=bound)
        net.append((weights, jax.random.uniform(for_biases, (outputs,), minval=-bound, maxval=bound)))
    return net


def logits(net: Net, pixels: Array) -> Array:
    """Return outputs (B, 10) for bytes (B, 784)."""
    x = pixels.astype(jnp.float32) / 255
    for weights, biases in net[:-1]:
        x = jax.nn.relu(x @ weights + biases)
    weights, biases = net[-1]
    return x @ weights + biases


def loss(net: Net, pixels: Array, labels: Array) -> Array:
    """Return the mean cross-entropy () of a batch."""
    return optax.softmax_cross_entropy_with_integer_labels(logits(net, pixels), labels).mean()


@partial(jax.jit, donate_argnums=0)
def train_epoch(state: State, key: Array, images: Array, labels: Array) -> tuple[State, Array]:
    """Train one epoch in a random order; return the state and the losses (steps,)."""

    def step(state: State, batch: Array) -> tuple[State, Array]:
        value, gradient = jax.value_and_grad(loss)(state.net, images[batch], labels[batch])
        updates, adam = ADAM.update(gradient, state.adam)
        return State(optax.apply_updates(state.net, updates), adam), value

    steps = len(images) // BATCH
    order = jax.random.permutation(key, len(images))[: steps * BATCH]
    return jax.lax.scan(step, state, order.reshape(steps, BATCH))


@jax.jit
def accuracy(net: Net, images: Array, labels: Array) -> Array:
    """Return the accuracy."""
    return (logits(net, images).argmax(1) == labels).mean()


def main() -> None:
    """Train, and test after each epoch."""
    with np.load(ARGS.arrays) as arrays:
        images, test_images = (jnp.asarray(arrays[name].reshape(-1, 784)) for name in ("train_images", "test_images"))
        labels, test_labels = (jnp.asarray(arrays[name], jnp.int32) for name in ("train_labels", "test_labels"))
    key, for_net = jax.random.split(jax.random.key(ARGS.seed))
    net = new_net(for_net, (784, 500, 10))
    state = State(net, ADAM.init(net))
    for epoch in range(1, ARGS.epochs + 1):
        started = time.perf_counter()
        state, _ = jax.block_until_ready(train_epoch(state, jax.random.fold_in(key, epoch), images, labels))
        trained = time.perf_counter()
        right = float(accuracy(state.net, test_images, test_labels))
        figures = {"seconds": trained - started, "test_seconds": time.perf_counter() - trained, "test_accuracy": right}
        print(json.dumps({"epoch": epoch} | figures), flush=True)


if __name__ == "__main__":
    main()

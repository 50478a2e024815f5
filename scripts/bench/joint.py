"""Measure nets trained together on a GPU, beside one after another: net-epochs per second.

python scripts/bench/joint.py [--data data/mnist] [--device cuda] [--nets 8 64]

Prints one JSON object per number of nets and way. ``steps`` are the kernels alone, without what each net does between
bursts; ``whole`` is an epoch of all nets as ``fcnet sweep`` trains them, without evaluation. TF32 is not used by fcnet:
it shows what less precise products would gain. With ``--device cpu``, only the eager joint steps are timed, to try the
program out.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from bench.ways import seconds, training_of, wait

from fcnet import schema
from fcnet.commands.read import choose_device, read_splits
from fcnet.config.train import Train
from fcnet.data.splits import Splits
from fcnet.families.common.fully_connected import FCNet
from fcnet.schema import Config
from fcnet.training.gpu import bursts
from fcnet.training.gpu.done import Unavailable
from fcnet.training.gpu.epoch import problem_of
from fcnet.training.together.group import Group
from fcnet.training.together.lane import Net

HIDDEN, BATCH = 500, 100
TIMED = 300  # steps of a timing
PRECISIONS = {"fp32": "tf32x3", "tf32": "tf32"}


def group_of(nets: int, splits: Splits, graphs: bool, batch: int = BATCH) -> Group:
    """Return a group of nets before its first step, on the device of the images."""
    train, found = splits.train, []
    device, pixels = train.labels.device, train.images[0].numel()
    for seed in range(nets):
        torch.manual_seed(seed)
        model = FCNet(pixels, [HIDDEN], len(train.classes)).to(device)
        found.append(Net(model, Train(epochs=3, batch_size=batch), seed))
    return Group(found, Splits(train, None, None), graphs=graphs)


def epoch_of(group: Group) -> float:
    """Return the seconds of the second epoch of all nets, without evaluation."""
    one_epoch(group)
    for lane in group.lanes:
        lane.next_epoch()
    return one_epoch(group)


def one_epoch(group: Group) -> float:
    """Take all nets to the end of their epoch, in turn; return the seconds."""
    device = group.lanes[0].images.labels.device
    wait(device)
    began, going = time.perf_counter(), {number: lane.rest_of_epoch() for number, lane in enumerate(group.lanes)}
    while going:
        for number, pieces in list(going.items()):
            lane = group.lanes[number]
            before = lane.step
            try:
                while lane.step == before:
                    next(pieces)
            except StopIteration:
                del going[number]
    wait(device)
    return time.perf_counter() - began


def kernels_of(group: Group, precision: str, nets: int, device: torch.device) -> float:
    """Return the seconds of a joint step by own kernels alone, with rates of 0."""
    graphs = group.graphed(PRECISIONS[precision])
    graphs.warm_up()
    images = len(group.lanes[0].images)
    orders = torch.randint(0, images, (TIMED, nets, BATCH), device=device)
    rates = torch.zeros(TIMED, nets, 4, device=device)
    return seconds(lambda: graphs(orders, rates), TIMED, device)


def row(nets: int, way: str, what: str, epoch: float, **more: Any) -> dict[str, Any]:
    """Return a row of results from the seconds of an epoch of all nets."""
    return {"nets": nets, "way": way, "what": what, "epoch": epoch, "net_epochs_per_second": nets / epoch} | more


def together(nets: int, splits: Splits, device: torch.device, batch: int = BATCH) -> Iterator[dict[str, Any]]:
    """Yield what a number of nets together reach."""
    eager = group_of(nets, splits, graphs=False, batch=batch)
    yield row(nets, "eager", "whole", epoch_of(eager), name=eager.lanes[0].step_name)
    if device.type != "cuda":
        return
    own = group_of(nets, splits, graphs=True)
    yield row(nets, "graph", "whole", epoch_of(own), name=own.lanes[0].step_name)
    for precision in PRECISIONS:
        step = kernels_of(group_of(nets, splits, graphs=False), precision, nets, device)
        steps = len(splits.train) // BATCH
        yield row(nets, f"graph, {precision}", "steps", steps * step, us=1e6 * step)


def alone(settings: Config, splits: Splits, device: torch.device) -> Iterator[dict[str, Any]]:
    """Yield what one net after another reaches, by the persistent kernel alone."""
    training = training_of({}, splits, settings, device)
    problem, steps = problem_of(training), len(splits.train) // BATCH
    burst = next(bursts.ways(problem)).build()
    order, lrs = training.plan.of(1)
    step = seconds(lambda: burst(order[: steps * BATCH], lrs[:steps]), steps, device)
    yield row(1, "persistent", "steps", steps * step, us=1e6 * step)


def tried(what: Callable[[], Iterator[dict[str, Any]]], nets: int) -> Iterator[dict[str, Any]]:
    """Yield results, or why there are none."""
    try:
        yield from what()
    except (Unavailable, RuntimeError) as error:
        yield {"nets": nets, "failed": " ".join(str(error).split())[:300]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="image folder")
    parser.add_argument("--device", default="cuda", help="cuda or cpu")
    parser.add_argument("--nets", type=int, nargs="+", default=[8, 64])
    args = parser.parse_args()
    device = choose_device(args.device)
    root = {"data": {"source": "mnist", "root": str(args.data), "image_size": [28, 28]}}
    settings = schema.Config.model_validate(root)
    splits = read_splits(settings)
    found = [*tried(lambda: alone(settings, splits, device), 1)] if device.type == "cuda" else []
    for one in found:
        print(json.dumps(one), flush=True)
    resident = Splits(splits.train.to(device), None, None)
    for nets in args.nets:
        for one in tried(lambda nets=nets: together(nets, resident, device), nets):  # type: ignore[misc]
            print(json.dumps(one), flush=True)


if __name__ == "__main__":
    main()

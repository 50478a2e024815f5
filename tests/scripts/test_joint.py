"""The measurement of nets trained together: its program on a CPU, and its table."""

import pytest
import torch
from bench import gpu_table, joint

from fcnet.data.splits import Splits
from helpers.tiny import folder

ROWS = [
    {"nets": 1, "way": "persistent", "what": "steps", "epoch": 0.01, "net_epochs_per_second": 100.0, "us": 16.0},
    {"nets": 64, "way": "graph, tf32", "what": "steps", "epoch": 0.128, "net_epochs_per_second": 500.0, "us": 213.0},
    {"nets": 64, "way": "graph", "what": "whole", "epoch": 0.2, "net_epochs_per_second": 320.0, "name": "together"},
    {"nets": 8, "failed": "an illegal instruction"},
]


def test_an_epoch_of_all_nets_is_timed_on_a_cpu() -> None:
    splits = Splits(folder(31, 1), None, None)
    (found,) = joint.together(3, splits, torch.device("cpu"), batch=7)
    assert (found["nets"], found["way"], found["what"]) == (3, "eager", "whole")
    assert found["name"].startswith("together with 2 other nets, by hand, cpu")
    assert found["net_epochs_per_second"] * found["epoch"] == pytest.approx(3)


def test_the_second_epoch_is_timed_and_complete() -> None:
    group = joint.group_of(2, Splits(folder(31, 1), None, None), graphs=False, batch=7)
    assert joint.epoch_of(group) > 0
    assert [(lane.epoch, lane.step) for lane in group.lanes] == [(2, 5), (2, 5)]


def test_a_failure_is_a_row() -> None:
    def fails() -> None:
        raise RuntimeError("CUDA error:\n out of luck")

    assert [*joint.tried(fails, 8)] == [{"nets": 8, "failed": "CUDA error: out of luck"}]  # type: ignore[arg-type]


def test_the_table_has_a_row_for_each_way() -> None:
    text = "\n".join(gpu_table.joint(ROWS))
    assert "| 1 | persistent | kernels alone | 10.0 | 100 |" in text
    assert "| 64 | graph, tf32 | kernels alone | 128.0 | 500 |" in text
    assert "| 64 | graph | training without evaluation | 200.0 | 320 |" in text
    assert "| 8 | an illegal instruction |  |  |  |" in text
    assert [gpu_table.joint_words(one) for one in ROWS[1:4:2]] == [
        "64 nets, graph, tf32, kernels alone: 500 net-epochs/s",
        "8 nets: an illegal instruction",
    ]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_gpu_ways_are_all_measured() -> None:
    device = torch.device("cuda")
    splits = Splits(folder(400, 1).to(device), None, None)
    ways = [(one["way"], one["what"]) for one in joint.together(2, splits, device)]
    assert ways == [("eager", "whole"), ("graph", "whole"), ("graph, fp32", "steps"), ("graph, tf32", "steps")]

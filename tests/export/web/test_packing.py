"""Weights in few bytes, as text."""

import base64
import json

import numpy as np
import pytest
import torch

from fcnet.export.web import packing
from fcnet.families.common.plain import Linear, Parallel, Plain


def test_int8_has_a_factor_for_each_row() -> None:
    """Each number is off by half a step of its own row at most, whatever the others are."""
    weight = torch.randn(6, 40, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 3, 6)[:, None]
    stored, text = packing.matrix(weight, "int8")
    step = weight.abs().amax(1, keepdim=True) / 127
    assert bool(((stored - weight).abs() <= 0.5001 * step).all())
    whole = np.frombuffer(base64.b64decode(text["int8"]), np.int8).reshape(text["shape"])
    scale = np.frombuffer(base64.b64decode(text["scale"]), "<f4")
    assert np.array_equal(whole.astype(np.float32) * scale[:, None], stored.numpy())
    assert abs(whole.astype(int)).max() == 127


def test_rows_of_zeros_stay_zero() -> None:
    assert not packing.matrix(torch.zeros(2, 3), "int8")[0].any()


def test_fp16_is_rounded_to_the_nearest() -> None:
    weight = torch.tensor([[1.0, 0.1, 6e-8, -2.5]])
    stored, text = packing.matrix(weight, "fp16")
    assert torch.equal(stored, weight.half().float())
    assert np.array_equal(np.frombuffer(base64.b64decode(text["fp16"]), "<f2"), weight.half().numpy()[0])


def test_fp16_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(OverflowError, match="larger than fp16"):
        packing.pack(Plain((Linear(torch.full((2, 2), 1e6)),)), "fp16")


def test_biases_keep_their_precision_and_nets_inside_nets_are_stored() -> None:
    bias = torch.tensor([0.123456789, 1e-7])
    inner = Linear(torch.ones(2, 3), bias)
    packed = packing.pack(Plain((Parallel(((inner,), (inner,))),)), "int8")
    layer = packed.net.layers[0]
    assert isinstance(layer, Parallel)
    assert isinstance(layer.nets[1][0], Linear)
    assert layer.nets[1][0].bias is bias
    assert [one[0]["kind"] for one in packed.layers[0]["nets"]] == ["linear", "linear"]
    assert json.loads(json.dumps(packed.layers)) == packed.layers

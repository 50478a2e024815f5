"""What a config builds."""

import torch

from fcnet.families.fcnet import model
from fcnet.families.fcnet.config import FCNetModel
from fcnet.training.optim.parameters import weight_matrices


def test_one_activation_per_layer_dropout_and_batch_norm() -> None:
    spec = FCNetModel.model_validate(
        {
            "hidden": [6, 5],
            "activation": ["sigmoid", {"name": "prelu"}],
            "dropout": 0.5,
            "input_dropout": 0.2,
            "batch_norm": True,
        }
    )
    net = model.build(spec, (3, 4), 2)
    kinds = [type(module).__name__ for module in net.children()]
    block = ["Linear", "BatchNorm1d", "Sigmoid", "Dropout"]
    assert kinds == ["Dropout", *block, *block[:2], "PReLU", "Dropout", "Linear"]
    x = torch.rand(8, 12)
    assert not torch.equal(net(x), net(x))  # dropout while training
    net.eval()
    assert torch.equal(net(x), net(x))


def test_weight_matrices_are_neither_biases_nor_slopes_nor_normalisers() -> None:
    spec = FCNetModel.model_validate({"hidden": [6, 5], "activation": "prelu", "batch_norm": True})
    net = model.build(spec, (3, 4), 2)
    assert [tuple(matrix.shape) for matrix in weight_matrices(net)] == [(6, 12), (5, 6), (2, 5)]

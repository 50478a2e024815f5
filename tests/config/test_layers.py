"""The config's model section."""

import pytest
from pydantic import ValidationError

from fcnet.config.layers import ELU, KaimingInit, LeakyReLU, PlainActivation, PReLU
from fcnet.families.fcnet.config import FCNetModel


def test_short_and_long_forms() -> None:
    assert FCNetModel.model_validate({"activation": "tanh"}).activation == PlainActivation(name="tanh")
    model = FCNetModel.model_validate(
        {
            "hidden": [1, 2, 3, 4],
            "activation": ["relu", {"name": "leaky_relu", "slope": 0.2}, {"name": "prelu", "shared": True}, "elu"],
            "init": {"name": "kaiming_normal", "mode": "fan_out"},
        }
    )
    assert model.activation == [PlainActivation(name="relu"), LeakyReLU(slope=0.2), PReLU(shared=True), ELU()]
    assert model.init == KaimingInit(name="kaiming_normal", mode="fan_out")


def test_one_activation_per_layer() -> None:
    assert FCNetModel.model_validate({"hidden": [], "activation": []}).hidden == []
    with pytest.raises(ValidationError, match="lists 1 activations, but `hidden` lists 2"):
        FCNetModel.model_validate({"hidden": [3, 3], "activation": ["relu"]})

"""The schema: the bounds and short forms that configs rely on."""

import json

from fcnet.config.data import ImageSplit
from fcnet.config.train import AdamW, Cosine
from fcnet.families.fcnet.config import FCNetModel
from fcnet.schema import Config
from helpers.command_line import Run

MNIST = {"data": {"source": "mnist", "root": "data/mnist"}}


def test_defaults_are_the_course() -> None:
    config = Config.model_validate(MNIST)
    assert isinstance(config.model, FCNetModel)
    assert config.model.hidden == [500]
    assert (config.train.epochs, config.train.batch_size) == (10, 100)
    assert (config.train.optimizer.name, config.train.optimizer.lr) == ("adam", 1e-3)
    assert config.data.image_size == [28, 28]
    assert (config.seed, config.device) == (0, "auto")


def test_unions_are_chosen_by_name_or_type() -> None:
    train = {"optimizer": {"name": "adamw"}, "schedule": "cosine"}
    config = Config.model_validate(MNIST | {"train": train})
    assert isinstance(config.train.optimizer, AdamW)
    assert isinstance(config.train.schedule, Cosine)
    for given, kind in ((5, int), (0.5, float), ({"images": "x"}, ImageSplit)):
        data = MNIST["data"] | {"validation": given}
        assert isinstance(Config.model_validate({"data": data}).data.validation, kind)


def test_classes_may_be_numbers() -> None:
    config = Config.model_validate({"data": {"train": {"images": "x"}, "classes": [0, 1, "two"]}})
    assert config.data.classes == ["0", "1", "two"]


def test_every_key_has_a_description() -> None:
    schema = Config.model_json_schema()
    for section in [schema, *schema["$defs"].values()]:
        for key, value in section["properties"].items():
            assert key in ("name", "kind") or value.get("description"), (section["title"], key)


def test_the_schema_is_json_for_editors(fcnet: Run) -> None:
    schema = json.loads(fcnet("config", "schema").out)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["extends"]["description"]
    assert {"adam", "adamw", "sgd"} <= {
        value["properties"]["name"].get("const") for value in schema["$defs"].values() if "name" in value["properties"]
    }

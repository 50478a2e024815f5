"""``fcnet export --to onnx``: onnxruntime gives what the model gives, from images as bytes, for every kind of model."""

import gzip
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml
from numpy.typing import NDArray
from torch import nn

from fcnet import __version__
from fcnet.errors import CheckpointError, ConfigError
from fcnet.export import comparison, graphs, to_onnx
from helpers.command_line import Run
from helpers.tiny import pictures, tiny_config, write_config

Outputs = dict[str, NDArray[np.float32]]


def exported(fcnet: Run, run: str = "run", *more: str) -> str:
    """The lines of an export, to m.onnx."""
    outcome = fcnet("export", run, "--to", "onnx", "-o", "m.onnx", *more)
    assert outcome.code == 0, outcome.err
    return outcome.out


def outputs(images: NDArray[np.uint8], path: str = "m.onnx") -> Outputs:
    """What another program gets from the file."""
    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": images}), strict=True))


def metadata() -> dict[str, str]:
    return {one.key: one.value for one in onnx.load("m.onnx").metadata_props}


@pytest.fixture
def run(fcnet: Run, tiny: Path) -> Path:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "--out", "run").code == 0
    return Path("run")


def test_it_computes_the_net_by_hand(fcnet: Run, run: Path, tiny: Path) -> None:
    """In float64, with numpy alone, and from bytes: what is done to images before is inside."""
    text = exported(fcnet)
    images, _ = pictures(50, 5)
    state = {name: one.double().numpy() for name, one in torch.load("run/model.pth", weights_only=True).items()}
    hidden = np.maximum(images.reshape(50, -1) / 255 @ state["fc1.weight"].T + state["fc1.bias"], 0)
    logits = hidden @ state["fc2.weight"].T + state["fc2.bias"]
    odds = np.exp(logits)
    for n in (1, 50):  # any number of images
        found = outputs(images[:n])
        assert [*found] == ["logits", "probabilities"]
        assert found["logits"] == pytest.approx(logits[:n], abs=1e-5)
        assert found["probabilities"] == pytest.approx(odds[:n] / odds[:n].sum(1, keepdims=True), abs=1e-6)
    assert "images uint8 (N, 6, 6) -> logits float32 (N, 3), probabilities float32 (N, 3)\n" in text
    assert "ONNX opset 18," in text
    facts = json.loads(exported(fcnet, "run", "--json"))
    assert (facts["file"], facts["opset"], facts["images"], facts["other_classes"]) == ("m.onnx", 18, 21, 0)
    assert facts["largest_difference"]["logits"] <= 1e-4
    assert f"beside PyTorch on 21 images, test ({tiny}/test): the same classes, logits within" in text


def test_the_file_says_what_it_is_and_nothing_of_the_machine(fcnet: Run, run: Path) -> None:
    exported(fcnet)
    model, found = onnx.load("m.onnx"), metadata()
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 18)]
    assert (model.producer_name, model.producer_version) == ("fcnet", __version__)
    assert found["fcnet"] == __version__
    assert json.loads(found["classes"]) == ["0", "1", "2"]
    assert json.loads(found["image_size"]) == [6, 6]
    assert yaml.safe_load(found["config"]) == yaml.safe_load((run / "config.yaml").read_text())
    assert found["weights_sha256"] == hashlib.sha256((run / "model.pth").read_bytes()).hexdigest()
    assert found["preprocessing"] == ""
    for text in (graphs.__file__, str(Path(torch.__file__).parent), "stack_trace"):
        assert text.encode() not in Path("m.onnx").read_bytes()
    first = Path("m.onnx").read_bytes()
    exported(fcnet)  # replaced by an equal file
    assert Path("m.onnx").read_bytes() == first


ELM = {"kind": "elm", "hidden": 20}
CODE = {"kind": "autoencoder", "hidden": [8, 3]}
PROBABILISTIC = CODE | {"variational": {}, "loss": "cross_entropy"}
MODELS: dict[str, dict[str, Any]] = {
    "perceptron": {"hidden": []},
    "norm, dropout, noise": {"hidden": [8, 7], "batch_norm": True, "dropout": 0.2, "input_noise": 0.1},
    "maxout": {"hidden": [8], "activation": {"name": "maxout", "pieces": 2}},
    "prelu": {"hidden": [8, 7], "activation": ["prelu", "gelu"]},
    "elm": ELM,
    "elm, radial": ELM | {"activation": "rbf", "weights": "samples"},
    "elm, local fields": {"kind": "elm", "hidden": 24, "weights": {"name": "lrf", "side": 3, "pool": 2, "stride": 2}},
    "elm, normalised": ELM | {"standardise": True, "encoders": [{"hidden": 9}]},
    "elm, combined": ELM | {"weights": ["ciw", "c"], "combiner": {"hidden": 9, "weights": "ciw"}},
    "centroids": {"kind": "centroids", "hidden": 9},
    "ladder": {"kind": "ladder", "hidden": [8]},
    "autoencoder": CODE,
    "tied": CODE | {"tied": True},
    "k-sparse": CODE | {"sparse": {"name": "k_sparse", "k": 2}},
    "variational": PROBABILISTIC,
    "two stochastic layers": PROBABILISTIC
    | {"hidden": [8, 5, 4, 3], "variational": {"stochastic": [2, 4], "prior": {"name": "vamp", "pseudo_inputs": 4}}},
    "one-class": {"kind": "one_class", "hidden": [8]},
}


QUICK = ("maxout", "elm, local fields", "variational")  # the others take a minute together


@pytest.mark.parametrize(
    "kind", [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.long) for kind in MODELS]
)
def test_every_kind_of_model(fcnet: Run, tiny: Path, kind: str) -> None:
    """Beside the commands of fcnet, which know nothing of the graph."""
    model = MODELS[kind]
    values = tiny_config(tiny) | {"model": model}
    if model.get("kind") == "elm":
        del values["train"]
    if model.get("kind") == "one_class":
        values["data"]["normal_classes"] = ["0"]
    outcome = fcnet("train", "-c", write_config(tiny / "any.yaml", values), "--out", "run")
    assert outcome.code == 0, outcome.err
    text = exported(fcnet)
    images, _ = pictures(21, 1)  # those of tiny/test
    found = outputs(images)
    if "probabilities" in found:
        rows = json.loads(fcnet("predict", "run", "tiny/test", "--prepare", "off", "--json").out)["predictions"]
        expected = [[row["probabilities"][name] for name in ("0", "1", "2")] for row in rows]
        assert found["probabilities"] == pytest.approx(np.array(expected), abs=1e-5)
        assert ": the same classes, logits within " in text
    elif "code" in found:
        assert fcnet("encode", "run", "--out", "codes.npz").code == 0
        assert found["code"] == pytest.approx(np.load("codes.npz")["codes"], abs=1e-5)
        assert found["reconstruction"].shape == images.shape
        assert ": reconstruction within " in text
        assert ", code within " in text
    else:
        rows = json.loads(fcnet("predict", "run", "tiny/test", "--prepare", "off", "--json").out)["predictions"]
        assert found["score"] == pytest.approx(np.array([row["score"] for row in rows]), abs=1e-5)


# --- what fails writes nothing ---------------------------------------------------------------------------------------


def test_a_graph_that_differs_is_not_written(fcnet: Run, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong scaling inside the graph: the model itself gets its own batches."""

    def forward(self: graphs.Graph, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.outputs(images.to(torch.float32).div(256).flatten(1))

    monkeypatch.setattr(graphs.Graph, "forward", forward)
    outcome = fcnet("export", "run", "--to", "onnx", "-o", "m.onnx")
    assert outcome.code == 5
    assert "m.onnx: not written: onnxruntime and PyTorch differ on 21 images, test (" in outcome.errors[0]
    assert not Path("m.onnx").exists()


def difference(largest: float, value: float = 10.0, rounding: float = 1e-6, other: int = 0) -> comparison.Difference:
    of = "logits"
    return comparison.Difference(9, "test", {of: largest}, {of: value}, {of: rounding}, other)


def test_another_class_is_a_difference_however_small() -> None:
    assert difference(1e-7).small
    assert not difference(1e-7, other=1).small
    assert "another class for 1, logits within 1.0e-07" in difference(1e-7, other=1).text()


@pytest.mark.parametrize(
    ("largest", "value", "rounding", "small"),
    [
        (9e-5, 3.0, 1e-6, True),
        (2e-4, 30.0, 1e-6, False),
        (2e-4, 30.0, 6e-5, True),  # as much as PyTorch itself rounds
        (2e-3, 10.0, 1e-3, False),  # no more than a ten-thousandth, whatever PyTorch does
        (float("inf"), float("inf"), float("inf"), False),
        (float("nan"), 1.0, 1e-6, False),
    ],
)
def test_more_than_rounding_explains_is_a_difference(
    largest: float, value: float, rounding: float, small: bool
) -> None:
    assert difference(largest, value, rounding).small is small


def test_a_graph_that_the_checker_or_the_runtime_refuses_is_not_written(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = to_onnx._described

    def spoilt(name: str, inputs: list[str]) -> Callable[..., Any]:
        def describe(*words: Any) -> Any:
            model = described(*words)
            model.graph.node[-1].op_type = name
            model.graph.node[-1].input[:] = inputs or model.graph.node[-1].input
            return model

        return describe

    for name, inputs, told in (
        ("Softmax", ["nothing"], "onnx.checker refuses"),
        ("Sotfmax", [], "onnx.checker refuses"),
    ):
        monkeypatch.setattr(to_onnx, "_described", spoilt(name, inputs))
        with pytest.raises(CheckpointError, match=f"m.onnx: not written: {told}"):
            to_onnx.run_export(run, Path("m.onnx"))
    graph = graphs.of(nn.Linear(4, 2), (2, 2), classifies=True)
    with pytest.raises(CheckpointError, match=r"m\.onnx: not written: onnxruntime cannot run the graph"):
        to_onnx._run(b"no graph", graph, Path("m.onnx"))
    assert not Path("m.onnx").exists()


def test_what_torch_cannot_export_is_told_with_the_other_way(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: graphs.Graph, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if images.sum() > 3:  # depends on the data
            return self.outputs(images)
        return ()

    monkeypatch.setattr(graphs.Graph, "forward", forward)
    with pytest.raises(
        ConfigError, match=r"cannot make a graph of run/model.pth, a model of kind fcnet \(.*safetensors"
    ):
        to_onnx.run_export(run, Path("m.onnx"))


def test_a_net_larger_than_a_file_may_be_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_onnx, "MOST_BYTES", 100)
    with pytest.raises(ConfigError, match=r"has 1,292 bytes of weights, and a file of ONNX holds at most 100"):
        to_onnx.run_export(run, Path("m.onnx"))


# --- around it -------------------------------------------------------------------------------------------------------


def test_what_no_graph_does_is_told(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "data.deskew=true", "--out", "run").code == 0
    outcome = fcnet("export", "run", "--to", "onnx", "-o", "m.onnx")
    assert outcome.code == 0, outcome.err
    assert "fcnet: warning: m.onnx: images have to be deskewed before (fcnet.data.images.deskew)" in outcome.err
    assert metadata()["preprocessing"].startswith("images have to be deskewed before")


def test_without_its_images_it_is_compared_on_random_ones(fcnet: Run, run: Path) -> None:
    Path("tiny/test").rename("elsewhere")
    outcome = fcnet("export", "run", "--to", "onnx", "-o", "m.onnx")
    assert outcome.code == 0, outcome.err
    assert "warning: the images of the config cannot be read, comparing on random ones instead: " in outcome.err
    assert "on 1,000 images, random: the same classes" in outcome.out


def test_without_test_images_those_of_training_are_taken(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "data.test=null", "--out", "run").code == 0
    assert f"on 60 images, train ({tiny}/train): " in exported(fcnet)


def test_weights_can_be_chosen(fcnet: Run, tiny: Path) -> None:
    words = ("data.validation=0.2", "train.optimizer.lr=0.3", "seed=1", "--out", "run")
    assert fcnet("train", "-c", "tiny/tiny.yaml", *words).code == 0
    for word, name in (("best", "best.pth"), ("last", "model.pth")):
        exported(fcnet, "run", "--weights", word)
        assert metadata()["weights_sha256"] == hashlib.sha256(Path("run", name).read_bytes()).hexdigest()


def test_files_of_others_are_not_replaced(fcnet: Run, run: Path) -> None:
    for content in (b"mine", onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [])).SerializeToString()):
        Path("m.onnx").write_bytes(content)
        outcome = fcnet("export", "run", "--to", "onnx", "-o", "m.onnx")
        assert outcome.code == 2
        assert outcome.errors == [
            "--out m.onnx: already exists and is not an export of fcnet; choose another name",
        ]
        assert Path("m.onnx").read_bytes() == content


def test_without_the_libraries_the_extra_is_named(fcnet: Run, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("onnx", "onnxruntime", "onnxscript"):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, name, None)
            outcome = fcnet("export", "run", "--to", "onnx", "-o", "m.onnx")
        assert outcome.code == 2
        assert outcome.errors[0].startswith("--to onnx: needs a library that is not installed (")
        assert outcome.errors[0].endswith('; install it with: pip install "fcnet[export]"')


def test_all_of_mnist(fcnet: Run, mnist: Path, mnist_files: Path) -> None:
    """10,000 images: the same classes as in float64, and logits within 1e-4."""
    values = {
        "data": {"source": "mnist", "root": str(mnist)},
        "model": {"hidden": [32]},
        "train": {"epochs": 1, "batch_size": 500},
    }
    assert fcnet("train", "-c", write_config(Path("mnist.yaml"), values), "--out", "run").code == 0
    text = exported(fcnet)
    assert "on 10,000 images, test (" in text
    assert ": the same classes, logits within " in text
    official = gzip.decompress((mnist_files / "t10k-images-idx3-ubyte.gz").read_bytes())
    images = np.frombuffer(official, np.uint8, offset=16).reshape(-1, 28, 28)
    found = outputs(images)
    state = {name: one.double().numpy() for name, one in torch.load("run/model.pth", weights_only=True).items()}
    hidden = np.maximum(images.reshape(len(images), -1) / 255 @ state["fc1.weight"].T + state["fc1.bias"], 0)
    logits = hidden @ state["fc2.weight"].T + state["fc2.bias"]
    assert (found["logits"].argmax(1) == logits.argmax(1)).all()
    assert np.abs(found["logits"] - logits).max() <= 1e-4

"""Autoencoders against references: autograd on untied copies, whole Jacobians, sampling, plain trainings."""

from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Run, tiny_config, write_config
from torch import Tensor

from fcnet import autoencoders, checkpoint, config, reconstruct, runs
from fcnet.autoencoder_schema import AutoencoderModel
from fcnet.autoencoders import AutoEncoder
from fcnet.errors import ConfigError
from fcnet.reconstruct import Reconstruct
from fcnet.signals import Stop

SIZE = (3, 4)
D = 12


def spec(**values: object) -> AutoencoderModel:
    """A small autoencoder's config."""
    return config.check(
        [
            config.Layer(
                "test",
                {
                    "data": {"train": {"images": "x"}},
                    "model": {"kind": "autoencoder", "hidden": [5, 3], "activation": "tanh"} | values,
                },
            )
        ]
    ).model  # type: ignore[return-value]


def build(of: AutoencoderModel) -> AutoEncoder:
    """Its net, in float64."""
    torch.manual_seed(0)
    return autoencoders.build(of, SIZE).double()


@pytest.fixture
def x() -> Tensor:
    """Images (20, D) in [0, 1]."""
    return torch.rand(20, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_a_tied_gradient_is_the_sum_of_both_uses(x: Tensor) -> None:
    tied = build(spec(tied=True))
    free = build(spec())
    pairs = (("fc1", "fc2"), ("fc2", "fc1"))
    with torch.no_grad():
        for first, last in pairs:
            encoder, decoder = free.encoder.get_submodule(first), free.decoder.get_submodule(last)
            encoder.weight.copy_(tied.encoder.get_submodule(first).weight)
            encoder.bias.copy_(tied.encoder.get_submodule(first).bias)
            decoder.weight.copy_(tied.encoder.get_submodule(first).weight.T)
            decoder.bias.copy_(tied.decoder.get_submodule(last).bias)
    for net in (tied, free):
        Reconstruct(spec()).of_batch(net, x, x)[0].backward()
    for first, last in pairs:
        both = free.encoder.get_submodule(first).weight.grad + free.decoder.get_submodule(last).weight.grad.T
        torch.testing.assert_close(tied.encoder.get_submodule(first).weight.grad, both, rtol=1e-12, atol=1e-12)
    assert sorted(name for name in tied.state_dict() if "decoder" in name) == ["decoder.fc1.bias", "decoder.fc2.bias"]


def jacobian_norms(net: AutoEncoder, x: Tensor) -> Tensor:
    """Squared Frobenius norms (B,), from whole Jacobians."""
    return torch.stack(
        [torch.autograd.functional.jacobian(lambda one: net.encode(one[None])[0], one).square().sum() for one in x]
    )


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "gelu", "identity"])
def test_contraction_of_one_layer_is_exact(x: Tensor, activation: str) -> None:
    net = build(spec(hidden=[7], code_activation=activation, contractive={}))
    code, norms = reconstruct.contraction(net, x, 1)
    torch.testing.assert_close(norms, jacobian_norms(net, x), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(code, net.encode(x))


def test_contraction_of_several_layers_is_right_on_average(x: Tensor) -> None:
    net = build(spec(contractive={}))
    torch.manual_seed(2)
    _, norms = reconstruct.contraction(net, x[:3], 20_000)
    torch.testing.assert_close(norms, jacobian_norms(net, x[:3]), rtol=0.02, atol=0)


def test_the_divergence_is_what_sampling_finds() -> None:
    mean, log_variance = torch.tensor([[0.5, -1.0]]).double(), torch.tensor([[0.3, -0.7]]).double()
    torch.manual_seed(3)
    codes = reconstruct.drawn(mean.expand(10**6, 2), log_variance.expand(10**6, 2))
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    sampled = (posterior.log_prob(codes) - torch.distributions.Normal(0.0, 1.0).log_prob(codes)).sum(1).mean()
    found = float(reconstruct.gaussian_divergence(mean, log_variance))
    assert found == pytest.approx(float(sampled), abs=5e-3)


def test_importance_weights_are_the_densities(x: Tensor) -> None:
    """log p(x | z) + log p(z) - log q(z | x) by torch's distributions, of the same codes."""
    of = spec(variational={}, loss="cross_entropy")
    net, objective = build(of), Reconstruct(of)
    pixels = (x > 0.5).double()
    mean, log_variance = net.posterior(pixels)
    torch.manual_seed(4)
    weights, outputs, _ = objective.log_weights(net, mean, log_variance, pixels, 6)
    torch.manual_seed(4)
    codes = mean + (0.5 * log_variance).exp() * torch.randn(6, *mean.shape, dtype=torch.float64)
    likelihood = torch.distributions.Bernoulli(logits=outputs).log_prob(pixels.expand_as(outputs)).sum(-1)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(codes).sum(-1)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp()).log_prob(codes).sum(-1)
    torch.testing.assert_close(weights, likelihood + prior - posterior, rtol=1e-10, atol=1e-10)


def test_bounds_rise_with_their_samples(x: Tensor) -> None:
    of = spec(variational={}, loss="cross_entropy")
    net = build(of)
    found = []
    for samples in (1, 5, 50, 500):
        torch.manual_seed(5)
        bound, elbo = reconstruct.log_likelihood(net, of, (x > 0.5).double().repeat(50, 1), samples)
        found.append(float(bound.mean()))
        assert samples == 1 or float(elbo.mean()) < found[-1]
    assert all(before < after for before, after in pairwise(found))


@pytest.mark.parametrize("k", [1, 4, 7])
def test_k_sparse_codes_keep_the_k_largest(x: Tensor, k: int) -> None:
    of = spec(hidden=[7], sparse={"name": "k_sparse", "k": k})
    codes, dense = build(of).encode(x), build(spec(hidden=[7])).encode(x)
    assert ((codes != 0).sum(1) == k).all()
    least = dense.topk(k).values[:, -1:]
    torch.testing.assert_close(codes, torch.where(dense >= least, dense, 0.0))


def test_activation_divergence_is_that_of_two_coins() -> None:
    code = torch.tensor([[0.1, 0.5], [0.3, 0.7]]).double()
    means = [torch.distributions.Bernoulli(torch.tensor(one).double()) for one in (0.2, 0.6)]
    target = torch.distributions.Bernoulli(torch.tensor(0.05).double())
    expected = sum(float(torch.distributions.kl_divergence(target, mean)) for mean in means)
    assert float(reconstruct.activation_divergence(code, 0.05)) == pytest.approx(expected)


def test_corruptions_spoil_as_much_as_they_say() -> None:
    torch.manual_seed(6)
    image = torch.full((100, 1000), 0.4)
    masked = reconstruct.corrupt(image, spec(corruption={"name": "masking", "share": 0.25}).corruption)
    assert float((masked == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    salted = reconstruct.corrupt(image, spec(corruption={"name": "salt_and_pepper", "share": 0.2}).corruption)
    for value in (0, 1):
        assert float((salted == value).float().mean()) == pytest.approx(0.1, abs=0.01)
    noisy = reconstruct.corrupt(image, spec(corruption={"name": "gaussian", "std": 0.3}).corruption)
    assert float((noisy - image).std()) == pytest.approx(0.3, abs=0.01)


# --- through the command line -------------------------------------------------------------------------------------


@pytest.fixture
def auto(tiny: Path) -> Callable[..., Path]:
    """Writes a config of an autoencoder on the tiny data."""

    def write(name: str = "auto", train: dict | None = None, data: dict | None = None, **model: object) -> Path:
        values = tiny_config(tiny)
        values["model"] = {"kind": "autoencoder", "hidden": [8, 3], "activation": "sigmoid"} | model
        values["train"] = {"epochs": 3, "batch_size": 16} | (train or {})
        values["data"] |= data or {}
        return write_config(tiny / f"{name}.yaml", values)

    return write


def weights(run: str) -> dict[str, Tensor]:
    """The weights of a run."""
    return dict(checkpoint.load(Path(run) / "model.pth"))


def test_one_stage_is_a_plain_denoising_autoencoder(fcnet: Run, auto: Callable[..., Path]) -> None:
    model = {"hidden": [6], "code_activation": "sigmoid", "corruption": "masking"}
    assert fcnet("train", "-c", auto(**model), "--out", "plain").code == 0
    outcome = fcnet("train", "-c", auto(train={"epochs": 0, "stages": [3]}, **model), "--out", "staged")
    assert outcome.code == 0, outcome.err
    plain, staged = weights("plain"), weights("staged")
    assert all(torch.equal(plain[name], staged[name]) for name in plain)


KINDS = {
    "denoising": {"corruption": "masking"},
    "variational": {"variational": {"samples": 2}, "loss": "cross_entropy", "binarise": True},
    "contractive": {"contractive": {}, "sparse": "l1"},
    "stacked": {"corruption": "gaussian", "tied": True},
}


@pytest.mark.parametrize("kind", KINDS)
def test_taken_up_anywhere_it_ends_the_same(auto: Callable[..., Path], kind: str, tmp_path: Path) -> None:
    train = {"epochs": 1, "stages": [2, 1]} if kind == "stacked" else {"epochs": 2}
    settings = config.load(auto(train=train, **KINDS[kind]))

    def work() -> runs.Trainable:
        return runs.trainable(runs.gather(settings, Stop()))

    whole = work()
    states = [checkpoint.encode(whole.state()) for _ in whole.records()]
    expected = {name: tensor.clone() for name, tensor in whole.model.state_dict().items()}
    for data in states[:: max(len(states) // 7, 1)]:
        other = work()
        other.load(checkpoint.decode(BytesIO(data), tmp_path))
        for _ in other.records():
            pass
        for name, tensor in expected.items():
            assert torch.equal(tensor, other.model.state_dict()[name]), name


def test_eval_plot_predict_and_encode(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    file = auto(corruption="masking", data={"normal_classes": ["0"]})
    assert fcnet("train", "-c", file, "--out", "run").code == 0
    outcome = fcnet("eval", "run")
    assert outcome.code == 0, outcome.err
    assert "AUROC" in outcome.out
    assert "with noise" in outcome.out
    outcome = fcnet("plot", "run")
    assert outcome.code == 0, outcome.err
    assert {path.stem for path in Path("run/plots").glob("*.png")} == {
        "loss", "weights", "reconstructions", "codes", "errors",
    }  # fmt: skip
    image = next((tiny / "test").glob("*.png"))
    assert fcnet("predict", "run", str(image), "--out", "back").code == 0
    assert Path("back", f"{image.stem}.png").is_file()
    assert fcnet("encode", "run", "--out", "codes.npz").code == 0
    with np.load("codes.npz") as found:
        assert found["codes"].shape == (len(found["labels"]), 3)
        assert len(found["files"]) == len(found["labels"])


def test_a_classifier_begins_with_an_encoder(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    assert fcnet("train", "-c", auto(code_activation="sigmoid"), "--out", "run").code == 0
    values = tiny_config(tiny)
    init = {"name": "encoder", "run": "run", "frozen": True}
    values["model"] = {"hidden": [8, 3], "activation": "sigmoid", "init": init}
    outcome = fcnet("train", "-c", write_config(tiny / "probe.yaml", values), "--out", "probe")
    assert outcome.code == 0, outcome.err
    encoder, probe = weights("run"), weights("probe")
    for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"):
        assert torch.equal(encoder[f"encoder.{name}"], probe[name])
    half = write_config(tiny / "half.yaml", values | {"train": values["train"] | {"epochs": 1}})
    assert fcnet("train", "-c", half, "--out", "half").code == 0
    Path("run").rename("moved")  # a run that goes on has no need of it
    outcome = fcnet("train", "-c", half, "--resume", "half", "train.epochs=2")
    assert outcome.code == 0, outcome.err
    for name in ("fc1.weight", "fc2.bias"):
        assert torch.equal(encoder[f"encoder.{name}"], weights("half")[name])
    outcome = fcnet("train", "-c", half, "--out", "late")
    assert outcome.code == 2
    assert "there is no such run directory" in outcome.errors[0]
    Path("moved").rename("run")
    values["model"]["hidden"] = [8, 4]
    outcome = fcnet("train", "-c", write_config(tiny / "other.yaml", values), "--out", "other")
    assert outcome.code == 2
    assert "its encoder has the layers [8, 3]" in outcome.errors[0]
    assert not Path("other").exists()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"hidden": []}, "hidden"),
        ({"binarise": True}, "`binarise`"),
        ({"loss": "cross_entropy", "output": "identity"}, "needs `output` sigmoid"),
        ({"sparse": {"name": "k_sparse", "k": 9}}, "keeps 9 values and the code has 3"),
        ({"sparse": "kl"}, "choose sigmoid"),
        ({"variational": {}, "tied": True}, "`variational` and `tied`"),
    ],
)
def test_mistakes(values: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told.replace("`", "`")):
        spec(**values)


def test_unknown_normal_classes(fcnet: Run, auto: Callable[..., Path]) -> None:
    outcome = fcnet("train", "-c", auto(data={"normal_classes": ["x"]}), "--out", "run")
    assert outcome.code == 2
    assert "no such class" in outcome.errors[0]
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        ({"hidden": [80]}, True),
        ({"hidden": [8, 80]}, False),
        ({"hidden": [80], "corruption": "masking"}, False),
        ({"hidden": [80], "sparse": "k_sparse"}, False),
        ({"hidden": [80], "contractive": {"weight": 0.1}}, False),
        ({"hidden": [80], "variational": {}}, False),
    ],
)
def test_a_net_that_may_copy_is_warned_of(fcnet: Run, auto: Callable[..., Path], values: dict, warned: bool) -> None:
    outcome = fcnet("train", "-c", auto(**values), "--out", "run")
    assert outcome.code == 0, outcome.err
    assert ("nowhere narrower than the" in outcome.err) == warned


def test_missing_classes_are_no_surprise_where_they_were_left_out(fcnet: Run, auto: Callable[..., Path]) -> None:
    outcome = fcnet("train", "-c", auto(data={"normal_classes": ["0"]}), "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "no image of class" not in outcome.err


def test_outliers_need_both_sides(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    assert fcnet("train", "-c", auto(data={"normal_classes": ["0"]}), "--out", "run").code == 0
    outcome = fcnet("eval", "run", "--split", "train")
    assert outcome.code == 3
    assert "are normal" in outcome.errors[0]


def test_batch_norm_needs_two_images(fcnet: Run, auto: Callable[..., Path]) -> None:
    outcome = fcnet("train", "-c", auto(batch_norm=True), "--out", "run", "train.batch_size=1")
    assert outcome.code == 2
    assert "train.batch_size: is 1" in outcome.errors[0]
    assert not Path("run").exists()


def test_learned_slopes_are_taken_with_an_encoder(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    assert fcnet("train", "-c", auto(activation="prelu", code_activation="prelu"), "--out", "run").code == 0
    values = tiny_config(tiny)
    init = {"name": "encoder", "run": "run", "frozen": True}
    values["model"] = {"hidden": [8, 3], "activation": "prelu", "init": init}
    outcome = fcnet("train", "-c", write_config(tiny / "probe.yaml", values), "--out", "probe")
    assert outcome.code == 0, outcome.err
    encoder, probe = weights("run"), weights("probe")
    assert torch.equal(encoder["encoder.act1.weight"], probe["act1.weight"])
    assert torch.equal(encoder["code.weight"], probe["act2.weight"])
    assert not torch.equal(probe["act1.weight"], torch.full_like(probe["act1.weight"], 0.25))

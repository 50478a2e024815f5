"""What each family of models shows in a report."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from fcnet import families
from fcnet.families.autoencoder.findings.shown import principal
from fcnet.families.common.classify import by_class
from fcnet.families.common.family import Shows
from helpers.command_line import Run
from helpers.html_page import Page
from helpers.tiny import tiny_config, write_config


def trained(fcnet: Run, config: Path, *words: object) -> Page:
    done = fcnet("train", "-c", config, *words, "--out", "run")
    assert done.code == 0, done.err
    done = fcnet("report", "run", "--language", "en")
    assert done.code == 0, done.err
    return Page(Path("run/report.html"))


def sections(page: Page) -> list[str]:
    return [one["id"].split("-")[0] for one in page.of("section")]


def test_every_family_shows_something() -> None:
    assert [family for family in families.FAMILIES if not isinstance(family, Shows)] == []


def test_an_autoencoder(fcnet: Run, auto: Callable[..., Path]) -> None:
    page = trained(fcnet, auto())
    found = json.loads(fcnet("eval", "run", "--json").out)
    assert f"{found['squared_error']:.2f}squared error per image, 21 test images" in page.text
    assert f"Squared error {found['squared_error']:.2f} per image, {found['psnr']:.2f} dB" in page.text
    assert sections(page)[:5] == ["curves", "metrics", "reconstructions", "codes", "weights"]
    assert "Confusion" not in page.text
    assert [one["alt"] for one in page.of("img")][:2] == ["12 images, original", "12 images, reconstructed"]


def test_a_denoising_one_shows_corrupted_images(fcnet: Run, auto: Callable[..., Path]) -> None:
    page = trained(fcnet, auto(corruption={"name": "gaussian", "std": 0.3}))
    found = json.loads(fcnet("eval", "run", "--json").out)["denoising"]
    assert (
        f"Corrupted images {found['psnr_corrupted']:.2f} dB, their reconstructions {found['psnr_output']:.2f}"
        in page.text
    )
    assert "12 images, corrupted" in [one["alt"] for one in page.of("img")]


def test_a_variational_one_shows_samples_and_loss_terms(fcnet: Run, auto: Callable[..., Path]) -> None:
    page = trained(fcnet, auto(hidden=[8, 2], variational={}, loss="cross_entropy", output="sigmoid"))
    assert sections(page).count("samples") == 2  # from the prior, and the plane
    assert "KL over the epochs" in page.text
    assert len(page.charts()) >= 3


@pytest.mark.parametrize("codes", [1, 2, 5])
def test_codes_of_any_length_are_drawn(fcnet: Run, auto: Callable[..., Path], codes: int) -> None:
    page = trained(fcnet, auto(hidden=[8, codes]))
    assert ("codes of one value" if codes == 1 else f"codes of {codes} values") in page.text.lower()
    assert ("principal component 1" in page.text) == (codes > 2)


def test_principal_components_are_those_of_sklearn() -> None:
    points = np.random.default_rng(0).normal(size=(50, 6)) * [5, 3, 1, 1, 0.5, 0.1]
    found, share = principal(points)
    pca = PCA(2, svd_solver="full")
    expected = pca.fit_transform(points)
    assert np.abs(found) == pytest.approx(np.abs(expected), abs=1e-9)
    assert share == pytest.approx(float(pca.explained_variance_ratio_.sum()))
    assert principal(np.ones((4, 3))) == (pytest.approx(np.zeros((4, 2))), 1.0)


def test_an_elm_shows_how_it_was_solved(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny) | {"model": {"kind": "elm", "hidden": 20}}
    del values["train"]
    values["solve"] = {"solver": {"name": "ridge", "ridge": [1e-4, 1e-2, 1.0, 100.0], "choose": "press"}}
    page = trained(fcnet, write_config(tiny / "elm.yaml", values))
    [facts] = json.loads(Path("run/result.json").read_text())["solve"]
    [row] = page.table("problem", "units")
    assert row[:3] == ["hidden layer", "20", f"{facts['rank']}" if "rank" in facts else f"{facts['condition']:.4g}"]
    assert f"{facts['ridge']:.3g} was chosen" in page.text
    assert "Accuracy by ridge: hidden layer" in page.text
    assert {"solution", "classes", "weights"} <= set(sections(page))
    assert "curves" not in sections(page)


def test_local_fields_and_centroids(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny) | {"model": {"kind": "centroids", "hidden": 4}}
    assert "4 of 4 centroids" in trained(fcnet, write_config(tiny / "c.yaml", values)).text


def test_a_one_class_net_shows_scores(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny) | {"model": {"kind": "one_class", "hidden": [8]}}
    values["data"]["normal_classes"] = ["0"]
    page = trained(fcnet, write_config(tiny / "one.yaml", values))
    found = json.loads(fcnet("eval", "run", "--json").out)
    assert f"{100 * found['outliers']['auroc']:.2f}\xa0%" in page.source
    assert "AUROC of outliers, 21 test images" in page.text
    assert "separation" in sections(page)
    assert "7 normal images and 14 outliers" in page.text


def test_a_perceptron_names_its_weights_by_class(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny) | {"model": {"hidden": []}}
    page = trained(fcnet, write_config(tiny / "p.yaml", values))
    alts = [one["alt"] for one in page.of("img") if one["alt"].startswith("weights of")]
    assert sorted(re.findall(r"weights of (\d)", " ".join(alts))) == ["0", "1", "2"]
    norms = [float(alt.rsplit(" ", 1)[1]) for alt in alts]
    assert norms == sorted(norms, reverse=True)


def test_training_images_are_said_not_to_be_held_out(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny)
    del values["data"]["test"]
    page = trained(fcnet, write_config(tiny / "t.yaml", values))
    assert "accuracy on 60 training images" in page.text
    assert "These are the training images" in page.text


@pytest.mark.parametrize("seed", range(5))
def test_metrics_by_class_are_those_of_sklearn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = int(generator.integers(2, 7))
    labels, predicted = generator.integers(0, n, 30), generator.integers(0, max(n - seed % 2, 1), 30)
    labels[labels == seed % n] = 0
    found, confusion = by_class(labels, predicted, [str(i) for i in range(n)])
    expected = precision_recall_fscore_support(labels, predicted, labels=range(n), zero_division=np.nan)
    for i, row in enumerate(found):
        for key, column in zip(("precision", "recall", "f1"), expected, strict=False):
            value = None if np.isnan(column[i]) else float(column[i])
            assert row[key] == value, (i, key)
        assert row["n"] == int(expected[3][i])
    assert confusion == confusion_matrix(labels, predicted, labels=range(n)).tolist()
    assert torch.get_default_dtype() == torch.float32

"""Results as text."""

import csv
import io
import json
from typing import Any

from fcnet.families.common.classify import Evaluation, Prediction, Predictions
from fcnet.families.common.family import Told
from fcnet.system.text import width

ROWS: list[dict[str, Any]] = [
    {"class": "cat", "precision": 0.5, "recall": 1.0, "f1": 2 / 3, "n": 1},
    {"class": "dog", "precision": None, "recall": None, "f1": None, "n": 0},
]


def test_evaluation() -> None:
    text = Evaluation("m.pth", "test (a)", 0.25, 0.5, 2, ["cat", "dog"], ROWS, [[1, 0], [1, 0]], 0.125).text()
    assert text.splitlines() == [
        "model     m.pth",
        "images    2, test (a)",
        "loss      0.2500",
        "accuracy  50.00 %",
        "ECE       12.50 % (expected calibration error)",
        "",
        "class  images  precision    recall       F1",
        "cat         1    50.00 %  100.00 %  66.67 %",
        "dog         0          -         -        -",
        "",
        "confusion matrix: a row per true class, a column per predicted class",
        "     cat  dog",
        "cat    1    0",
        "dog    1    0",
    ]


def test_a_large_confusion_matrix_is_left_to_other_forms() -> None:
    names = [str(i) for i in range(30)]
    rows = [ROWS[0] | {"class": name} for name in names]
    text = Evaluation("m.pth", "x", 0, 0, 2, names, rows, [[0] * 30] * 30, 0.0).text()
    assert text.endswith("the confusion matrix of 30 classes is in --json and in fcnet plot")


def test_predictions_in_three_forms() -> None:
    probabilities = {"cat": 0.75, "dog": 0.25}
    results = Predictions([Prediction('a "b", c.png', "cat", 0.75, True, "", [], probabilities)], ("cat", "dog"))
    assert results.text().splitlines()[1] == 'a "b", c.png    cat      75.00 %'
    assert json.loads(results.json())["predictions"][0]["probabilities"] == {"cat": 0.75, "dog": 0.25}
    assert list(csv.reader(io.StringIO(results.csv()))) == [
        ["file", "predicted", "probability", "sure", "note", "prepared", "cat", "dog"],
        ['a "b", c.png', "cat", "0.75", "True", "", "", "0.75", "0.25"],
    ]


def test_what_is_known_about_an_image_becomes_its_note() -> None:
    probabilities = {"7": 0.6, "1": 0.3, "2": 0.1}
    one = Prediction("x.png", "7", 0.6, True, "", [], probabilities)
    told = [Told(), Told(("inverted", "centred")), Told(("centred",), "", "top"), Told((), "nothing written found")]
    found = Predictions([one] * 4, ("7", "1", "2")).told(told, 0.5).images
    assert [image.sure for image in found] == [True, True, False, False]
    assert [image.note for image in found] == ["", "", "touches the top edge: cut off?", "nothing written found"]
    assert found[1].prepared == ["inverted", "centred"]
    assert (found[3].predicted, found[3].probability) == (None, None)
    (unsure,) = Predictions([one], ("7", "1", "2")).told([Told()], 0.7).images
    assert (unsure.predicted, unsure.sure, unsure.note) == ("7", False, "uncertain: 7 or 1")
    text = Predictions(found, ("7", "1", "2")).text().splitlines()
    assert text[0].split() == ["file", "class", "probability", "note", "prepared"]
    assert text[4].split()[:3] == ["x.png", "-", "-"]


def test_columns_line_up_as_a_terminal_shows_them() -> None:
    names = ["零", "cafe\N{COMBINING ACUTE ACCENT}", "\udcca"]
    rows = [ROWS[0] | {"class": name} for name in names]
    text = Evaluation("m.pth", "x", 0, 0, 2, names, rows, [[10, 2, 3]] * 3, 0.0).text()
    for start, count in (("class", 4), ("    ", 4)):
        lines = text.splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith(start))
        assert len({width(line) for line in lines[first : first + count]}) == 1
    assert "\n零           1    50.00 %" in text


def test_chinese_in_csv_and_json() -> None:
    found = Predictions([Prediction("图.png", "零", 0.75, True, "", [], {"零": 0.75, "一": 0.25})], ("零", "一"))
    assert found.csv().splitlines()[0] == "file,predicted,probability,sure,note,prepared,零,一"
    assert '"predicted": "零"' in found.json()


def test_an_evaluation_as_csv_has_a_row_per_class() -> None:
    found = Evaluation("m.pth", "x", 0, 0, 2, ["cat", "dog"], ROWS, [[1, 0], [1, 0]], 0.125)
    assert list(csv.reader(io.StringIO(found.csv()))) == [
        ["class", "n", "precision", "recall", "f1"],
        ["cat", "1", "0.5", "1.0", "0.6666666666666666"],
        ["dog", "0", "", "", ""],
    ]

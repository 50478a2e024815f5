"""Sweep files and words of the command line: what they plan, and every mistake with its line."""

import subprocess
import sys
from pathlib import Path

import pytest

from fcnet import schema
from fcnet.errors import ConfigError
from fcnet.sweep.plan import load
from fcnet.sweep.plan.words import split
from helpers.command_line import ROOT, Run

WIDTH = ROOT / "configs/sweeps/width.yaml"
BASE = """\
data: {source: digits, root: data/digits}
model: {kind: fcnet, hidden: [500], activation: relu}
train: {epochs: 3, optimizer: {name: adam, lr: 1e-3}}
"""


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a config to begin with."""
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(BASE)
    return tmp_path


def planned(text: str, *words: str, yes: bool = False) -> list[str]:
    Path("s.yaml").write_text(text)
    return [run.name for run in load.from_file(Path("s.yaml"), words, yes=yes).runs]


def test_a_sweep_of_the_repository() -> None:
    plan = load.from_file(WIDTH)
    assert [run.name for run in plan.runs][:6] == [*(f"hidden-300_seed-{i}" for i in range(5)), "hidden-500_seed-0"]
    assert (len(plan.runs), plan.equal) == (15, 0)
    assert plan.runs[-1].changes == {"model.hidden": [1000], "seed": 4}
    assert plan.base["data"]["source"] == "mnist"


def test_words_plan_what_a_file_plans() -> None:
    """The command line of the documentation, and the file that says the same."""
    words = ["model.hidden=[300],[500],[1000]", "train.optimizer.lr=1e-3,3e-4", "train.epochs=1"]
    plan = load.from_words(Path("base.yaml"), words, seeds=5, options={"retries": 2})
    Path("s.yaml").write_text(
        "base: base.yaml\ngrid:\n  model.hidden: [[300], [500], [1000]]\n  train.optimizer.lr: [1e-3, 3e-4]\n"
        "seeds: 5\nretries: 2\n"
    )
    assert load.from_file(Path("s.yaml"), ["train.epochs=1"]) == plan
    assert (len(plan.runs), plan.settings.retries) == (30, 2)
    assert plan.runs[7].name == "hidden-300_lr-3e-4_seed-2"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[28,28]", ["[28,28]"]),
        ("[1],[2,3]", ["[1]", "[2,3]"]),
        ("{name: sgd, lr: 0.1},adam", ["{name: sgd, lr: 0.1}", "adam"]),
        ("'a,b',c", ["'a,b'", "c"]),
        ('{a: ",]"},c', ['{a: ",]"}', "c"]),
        ("don't,can't", ["don't", "can't"]),
        ("1,", ["1", ""]),
        ("", [""]),
    ],
)
def test_words_are_split_at_the_outer_commas(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def test_the_base_may_be_a_mapping_that_extends_a_file() -> None:
    file = "base: {extends: base.yaml, train: {epochs: 7}}\ngrid: {train.l2: [0, 0.1]}\n"
    assert planned(file) == ["l2-0", "l2-0.1"]
    base = load.from_file(Path("s.yaml")).base
    assert (base["train"]["epochs"], base["train"]["optimizer"]["lr"]) == (7, 1e-3)
    whole = "base: {data: {source: digits, root: data/digits}}\n"
    assert planned(whole) == ["run"]


def test_the_base_is_found_beside_the_sweep_file(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("deep/er").mkdir(parents=True)
    Path("deep/er/s.yaml").write_text("base: ../../base.yaml\nseeds: 2\n")
    monkeypatch.chdir("deep")
    assert len(load.from_file(Path("er/s.yaml")).runs) == 2


def test_several_values_on_the_command_line_are_one_more_axis_of_a_file() -> None:
    assert planned("base: base.yaml\ngrid: {train.l2: [0, 1]}\n", "model.dropout=0,0.5", "train.epochs=9") == [
        *("l2-0_dropout-0", "l2-0_dropout-0.5", "l2-1_dropout-0", "l2-1_dropout-0.5"),
    ]
    assert load.from_file(Path("s.yaml"), ["train.epochs=9"]).base["train"]["epochs"] == 9


def test_an_entry_of_a_list_may_leave_the_base_as_it_is() -> None:
    assert planned("base: base.yaml\nlist: [{}, {train.l2: 1}]\n") == ["run", "l2-1"]


BAD = [  # a sweep file below "base: base.yaml", and how its errors begin
    ("grid: {}", ["s.yaml:2: grid: is {}; should be a mapping of keys"]),
    ("grid:", ["s.yaml:2: grid: is empty"]),
    ("list:", ["s.yaml:2: list: is empty"]),
    ("grid: {train.l2: []}", ["s.yaml:2: grid.train.l2: is []; should be a list of 1 or more"]),
    ("grid: {train.l2: null}", ["s.yaml:2: grid.train.l2: is null; should be a list of 1 or more"]),
    ("grid: {train.l2: 0.1}", ["s.yaml:2: grid.train.l2: is 0.1; should be a list of 1 or more; write [0.1]"]),
    ("grid: [train.l2]", ["s.yaml:2: grid: is ['train.l2']; should be a mapping of keys"]),
    ("grid: {train.l2: [null, 1]}", ["s.yaml:2: grid: train.l2: is null; should be a number of at least 0"]),
    (
        "grid:\n  model.hiden: [[3], [4]]\nseeds: 3",
        ["s.yaml:3: grid: model.hiden: unknown key; did you mean 'model.hidden'?"],
    ),
    (
        "grid:\n  train.l2:\n  - 0.1\n  - -1\n  - much\n  model.hidden: [[5], [0], [0, 1], 300]\nseeds: 2",
        [
            "s.yaml:5: grid: train.l2: is -1; should be a number of at least 0",
            "s.yaml:6: grid: train.l2: is 'much'; should be a number",
            "s.yaml:7: grid: model.hidden.0: is 0; should be a whole number of at least 1",
            "s.yaml:7: grid: model.hidden: is 300; should be a list",
        ],
    ),
    ("grid: {solve.ridge: [1, 2]}", ["s.yaml:2: grid: solve.ridge: unknown key; did you mean 'solve.solver.ridge'?"]),
    (
        "grid: {solve.solver.ridge: [1, 2]}\nseeds: 2",
        ["s.yaml:2: grid: solve.solver.ridge: does not fit; model.kind: is fcnet, which is configured by `train`"],
    ),
    (
        "list:\n- model.activation: [relu, tanh]\n  model.hidden: [3]",
        ["s.yaml:4: list: model: `activation` lists 2 activations, but `hidden` lists 1 layers"],
    ),
    (
        "list:\n- {model.activation: [relu, elu], model.hidden: [3]}\n- {model.activation: [relu, tanh]}",
        [
            "s.yaml:3: list: model: `activation` lists 2 activations, but `hidden` lists 1 layers",
            "s.yaml:4: list: model: `activation` lists 2 activations, but `hidden` lists 1 layers",
        ],
    ),
    (
        "grid: {train.l2: [0, 1], data.augment: [{blur: 1}]}\nlist: [{model: {kind: elm, hidden: 3}, train: null}]",
        ["s.yaml:2: grid: data.augment: changes the images in every epoch, but an elm is solved"],
    ),
    (
        "grid:\n  train.optimizer: [sgd, adam]\n  train.optimizer.momentum: [0.9]",
        ["s.yaml:4: grid: train.optimizer.momentum: unknown key; it belongs to name: sgd or name: muon, because"],
    ),
    (
        "grid: {data.memory: [mapped]}\nlist: [{data.augment: {blur: 1}}, {train.l2: 0}]",
        ["s.yaml:3: list: data: `augment` needs the images in memory"],
    ),
    ("grid:\n  train.l2: [1]\n  train.l2: [2]", ["s.yaml:4: train.l2: given twice in the same mapping; keep one"]),
    (
        "grid:\n  train.l2: [1]\nlist:\n- train.l2: 3\n- {train.epochs: 3, train.l2: 4}",
        [
            "s.yaml:5: list: train.l2: is set by `grid` too (s.yaml:3: grid); remove one of the two",
            "s.yaml:6: list: train.l2: is set by `grid` too (s.yaml:3: grid); remove one of the two",
        ],
    ),
    ("grid: {seed: [1, 2]}\nseeds: 3", ["s.yaml:2: grid: seed: is varied by `seeds` too; remove one of the two"]),
    ("list: [{seed: 1}]\nseeds: 3", ["s.yaml:2: list: seed: is varied by `seeds` too; remove one of the two"]),
    (
        "grid: {extends: [a], a..b: [1], '': [1]}",
        ["s.yaml:2: grid: 'extends': is not a setting", "s.yaml:2: grid: 'a..b': is not a key", "s.yaml:2: grid: ''"],
    ),
    ("seeds: 0", ["s.yaml:2: seeds: is 0; should be a whole number of at least 1"]),
    ("seeds: -3", ["s.yaml:2: seeds: is -3; should be a whole number of at least 1"]),
    ("seeds: [-1]", ["s.yaml:2: seeds.0: is -1; should be a whole number of at least 0"]),
    ("seeds: []", ["s.yaml:2: seeds: is []"]),
    ("seeds: many", ["s.yaml:2: seeds: is 'many'; should be a number of seeds, or a list of them"]),
    ("seed: 3", ["s.yaml:2: seed: unknown key; did you mean 'seeds'?"]),
    (
        "grd: {}\nworkers: 0\nfuse: 1\nretries: x",
        [
            "s.yaml:2: grd: unknown key; did you mean 'grid'?",
            "s.yaml:3: workers: is 0; should be a whole number of at least 1",
            "s.yaml:4: fuse: is 1; should be a whole number from 2 to 4096",
            "s.yaml:5: retries: is 'x'; should be a whole number from 0 to 100",
        ],
    ),
]


@pytest.mark.parametrize(("text", "errors"), BAD, ids=[text for text, _ in BAD])
def test_each_mistake_is_reported_once_with_its_line(fcnet: Run, text: str, errors: list[str]) -> None:
    Path("s.yaml").write_text(f"base: base.yaml\n{text}\n")
    outcome = fcnet("config", "check", "s.yaml")
    assert outcome.code == 2, outcome
    assert len(outcome.errors) == len(errors), outcome.err
    for found, wanted in zip(outcome.errors, errors, strict=True):
        assert found.startswith(wanted)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("base: bse.yaml", "s.yaml:1: base: there is no file bse.yaml; the path is relative to this file"),
        ("base: base", "s.yaml:1: base: there is no file base; the path is relative to this file; write base.yaml"),
        ("base: s.yaml", "s.yaml:1: base: s.yaml is a sweep file too; name a config"),
        ("base: 3", "s.yaml:1: base: is 3; should be a config file, or the settings themselves, as a mapping"),
        ("base: other.yaml", "other.yaml:2: train.epocs: unknown key; did you mean 'train.epochs'?"),
        ("base: {extends: no.yaml}", "s.yaml:1: base: extends: there is no file no.yaml"),
        ("base: {extends: base.yaml, train: {epocs: 3}}", "s.yaml:1: base: train.epocs: unknown key"),
        ("seeds: 3", "s.yaml:1: base: missing; what the runs share"),
    ],
)
def test_a_base_that_is_none(text: str, error: str) -> None:
    Path("other.yaml").write_text("extends: base.yaml\ntrain: {epocs: 3}\n")
    with pytest.raises(ConfigError) as raised:
        planned(text)
    assert [found for found in raised.value.problems if found.startswith(error)], raised.value.problems


def test_choices_that_do_not_fit_together_are_named_without_the_others() -> None:
    """Where the mistake shows in the base: each of the two alone is fine, and l2 and the seeds have no part in it."""
    Path("base.yaml").write_text(
        "data: {source: digits, root: data/digits}\ntrain: {stages: [1, 1]}\n"
        "model: {kind: autoencoder, hidden: [4, 3], activation: sigmoid, output: sigmoid, loss: squared}\n"
    )
    with pytest.raises(ConfigError) as raised:
        planned(
            "base: base.yaml\ngrid:\n  model.loss: [squared, cross_entropy]\n  train.l2: [0, 1]\n"
            "  model.activation: [relu, sigmoid]\nlist: [{train: {log_every: 3}}]\nseeds: 3\n"
        )
    (problem,) = raised.value.problems
    assert problem.startswith(
        "s.yaml:5: grid: model.loss='cross_entropy', model.activation='relu': do not fit together; train.stages: `loss`"
    )


def test_mistakes_of_the_base_and_of_the_sweep_are_reported_together() -> None:
    with pytest.raises(ConfigError) as raised:
        planned("base: {data: {source: digits, root: x}, seed: -1}\nretries: -1\n")
    assert [problem.split("; ")[0] for problem in raised.value.problems] == [
        "s.yaml:2: retries: is -1",
        "s.yaml:1: base: seed: is -1",
    ]


def test_a_word_may_not_set_what_the_file_varies() -> None:
    for word in ("train.l2=3", "train.l2=3,4"):
        with pytest.raises(ConfigError, match=r"train.l2: is varied by s.yaml:2, grid.train.l2; change it there"):
            planned("base: base.yaml\ngrid: {train.l2: [0, 1]}\n", word)
    with pytest.raises(ConfigError, match=r"train.optimizer.lr: is varied by s.yaml:3, list.train.optimizer"):
        planned("base: base.yaml\nlist:\n- train.optimizer: sgd\n", "train.optimizer.lr=1")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["model.hidden=300,100"], "command line: model.hidden: is 300; should be a list, each a whole number"),
        (["model.hiden=[3],[4]"], "command line: model.hiden: unknown key; did you mean 'model.hidden'?"),
        (["train.l2=1,"], "command line: train.l2=: has no value"),
        (["train.l2=1,2", "train.l2=3,4"], "command line: train.l2: is given several values twice"),
        (["train.l2=[1,2"], "command line: train.l2: not valid YAML"),
        (["train.l2"], "command line: 'train.l2': overrides are KEY=VALUE"),
        (["seed=1,2"], "command line: seed: is varied by `seeds` too"),
    ],
)
def test_words_that_are_wrong(words: list[str], error: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load.from_words(Path("base.yaml"), words, seeds=2)
    assert raised.value.problems[0].startswith(error)


def test_many_runs_are_counted_before_they_are_made() -> None:
    axis = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    sizes = [(6, "1,000,000 runs; vary less, or confirm it with --yes"), (30, f"1{',000' * 10} runs; a sweep has at")]
    for exponent, said in sizes:
        grid = "".join(f"  train.k{i}: {axis}\n" for i in range(exponent))
        with pytest.raises(ConfigError, match=said):
            planned(f"base: base.yaml\ngrid:\n{grid}")
    with pytest.raises(ConfigError, match="10,001 runs"):
        planned("base: base.yaml\nseeds: 10001\n")
    with pytest.raises(ConfigError, match="1,000,001 runs; a sweep has at most 1,000,000"):
        planned("base: base.yaml\nseeds: 1000001\n", yes=True)
    assert len(planned("base: base.yaml\nseeds: 10001\n", yes=True)) == 10001


def test_a_config_and_a_sweep_file_are_told_apart(fcnet: Run) -> None:
    assert "fcnet sweep run " in fcnet("train", "--config", WIDTH).errors[0]
    assert "is a sweep file, for many runs" in fcnet("config", "show", WIDTH).errors[0]
    Path("over.yaml").write_text(f"extends: {WIDTH}\n")
    assert "is a sweep file, for many runs" in fcnet("config", "check", "over.yaml").errors[0]
    with pytest.raises(ConfigError, match="is the config of one run, not a sweep file; train it with: fcnet train"):
        load.from_file(Path("base.yaml"))
    with pytest.raises(ConfigError, match="is a sweep file, for many runs; run it with"):
        load.from_words(WIDTH, [])


@pytest.mark.parametrize("text", ["grid: {train.l2: [1]}", "seeds: 3", "base: base.yaml\ntrain: {l2: 1}"])
def test_a_sweep_file_with_a_mistake_is_not_taken_for_a_config(fcnet: Run, text: str) -> None:
    Path("s.yaml").write_text(text)
    outcome = fcnet("config", "check", "s.yaml")
    assert outcome.code == 2
    assert "allowed here: base, dead_after" in outcome.err or "base: missing" in outcome.err


def test_a_config_is_still_read_from_a_stream() -> None:
    """Once: there is no second time."""
    program = "from fcnet.cli.main import main; main(['config', 'check', '/dev/stdin'])"
    path = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], input=BASE, text=True, capture_output=True, timeout=60, env=path, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("/dev/stdin: fine", "")


def test_every_word_that_would_be_lost_is_named() -> None:
    with pytest.raises(ConfigError) as raised:
        planned("base: base.yaml\ngrid: {train.l2: [0, 1], model.hidden: [[3]]}\n", "train.l2=3", "model.hidden=[4]")
    assert [problem.split(": ")[1] for problem in raised.value.problems] == ["train.l2", "model.hidden"]


def test_paths_of_the_base_that_exist_only_beside_it_are_reported() -> None:
    Path("sub/images").mkdir(parents=True)
    Path("sub/base.yaml").write_text("data: {train: {images: images}}\n")
    with pytest.raises(ConfigError, match="exists next to the config"):
        planned("base: sub/base.yaml\n")


def test_planning_does_not_import_torch() -> None:
    program = (
        "import sys; from pathlib import Path; from fcnet.sweep.plan import load, merge\n"
        f"merge.entries(load.from_file(Path({str(WIDTH)!r})))\n"
        "assert not {'torch', 'matplotlib', 'sklearn', 'optuna'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env={"PYTHONPATH": ":".join(sys.path)})


def test_the_base_of_every_config_keeps_its_meaning_without_its_files() -> None:
    for path in sorted((ROOT / "configs").rglob("*.yaml")):
        if path.parent.name != "sweeps":
            text = load.text(load.from_words(path, []))
            base = load.of_text(text, "x").base
            assert schema.Config.model_validate(base) == schema.load(path), path

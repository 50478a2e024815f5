"""The blocks of the README and of docs/commands.md, as they are pasted: by bash and zsh, and done by fcnet itself."""

import functools
import json
import operator
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.command_line import COMMANDS, ROOT, Run
from helpers.tiny import write_numbered

PAGES = {name: (ROOT / name).read_text() for name in ("README.md", "docs/commands.md")}
BLOCKS = {name: re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for name, text in PAGES.items()}
WINDOWS = re.findall(r"^```powershell\n(.*?)^```", PAGES["README.md"], re.DOTALL | re.MULTILINE)
SHELLS = {"bash": ["bash", "--noprofile", "--norc", "-i", "-s"], "zsh": ["zsh", "-f", "-i", "-s"]}
STUB = """#!{python}
import json, pathlib, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]) + "\\n")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the commands need of the repository, with few images in place of those that they would download."""
    root = tmp_path / "copy"
    root.mkdir()
    for name in ("configs", "docs/examples"):
        shutil.copytree(ROOT / name, root / name)
    lrf = root / "configs/elm/lrf.yaml"
    lrf.write_text(lrf.read_text().replace("hidden: 5120", "hidden: 160"))  # or the solution takes most of the time
    shutil.copy(ROOT / "Makefile", root)
    (root / ".venv/bin").mkdir(parents=True)
    for made in ("bin/activate", "installed"):  # as if `make` and `python3 -m venv` had been there
        (root / ".venv" / made).touch()
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / ".venv/installed").touch()
    generator = np.random.default_rng(0)
    for source in ("mnist", "fashion-mnist"):
        for split, n in (("train", 200), ("t10k", 50)):
            labels = np.arange(n) % 10
            images = generator.integers(0, 60, (n, 28, 28), dtype=np.uint8)
            for image, label in zip(images, labels, strict=True):
                image[2 * label + 4 : 2 * label + 7, 6:22] += 150
            folder = root / "data" / source / split
            write_numbered(folder, images, labels)
            folder.with_suffix(".txt").rename(folder.with_name(f"{split}-labels.txt"))
            folder.rename(folder.with_name(f"{split}-images"))
    return root


def pasted(shell: str, root: Path, page: str) -> list[list[str]]:
    """The words of each command that a shell runs when a page's blocks are pasted into it; the programs are stubs."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    stubs, log = root.parent / f"stubs-{shell}", root.parent / f"{shell}.jsonl"
    stubs.mkdir()
    for name in ("fcnet", "make", "pip", "python3"):
        (stubs / name).write_text(STUB.format(python=sys.executable, log=str(log)))
        (stubs / name).chmod(0o755)
    done = subprocess.run(
        SHELLS[shell],
        input="\n".join(BLOCKS[page]) + "\n",
        cwd=root,
        env={"PATH": f"{stubs}:/usr/bin:/bin", "HOME": str(root.parent), "PS1": "", "PS2": "", "TERM": "dumb"},
        capture_output=True,
        text=True,
        start_new_session=True,  # without a terminal: an interactive shell would take the tests' own
        check=False,
        timeout=60,
    )
    complaints = [line for line in done.stderr.splitlines() if re.match(r"(bash|zsh)(: line \d+)?: ", line)]
    own = ("cannot set terminal process group", "no job control in this shell", "can't set tty pgrp")
    assert [line for line in complaints if not any(text in line for text in own)] == []
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_the_blocks_as_they_are_pasted(shell: str, page: str, copy: Path) -> None:
    """Nothing is expanded, taken for a comment or for a pattern: the words are those that the page shows."""
    found = pasted(shell, copy, page)
    expected = []
    for line in "".join(BLOCKS[page]).splitlines():
        expected.append(shlex.split(line))
    assert found == [words for words in expected if words[0] != "source"]
    assert ["fcnet", "train"] in [words[:2] for words in found]


MADE: dict[str, dict[str, tuple[str, ...]]] = {
    "README.md": {
        "runs": ("checkpoints/digits", "checkpoints/mnist", "checkpoints/mnist-2", "runs/width/hidden-32_seed-2"),
        "files": (
            "digit.html",
            "my.yaml",
            "checkpoints/digits-2/report.html",
            "checkpoints/digits-2/plots/mistakes.csv",
        ),
    },
    "docs/commands.md": {
        "runs": ("checkpoints/mnist", "checkpoints/mnist-2", "runs/narrow", "runs/width/hidden-500_seed-4"),
        "files": ("plots", "codes.npz", "mine.yaml"),
    },
}


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("page", PAGES)
def test_what_is_pasted_is_done(page: str, copy: Path, fcnet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of the blocks in turn, on few images, ends well, and leaves what the page says."""
    commands = pasted("bash", copy, page)
    monkeypatch.chdir(copy)
    for words in commands:
        if words[0] == "make":
            dry = subprocess.run(["make", "-n", *words[1:]], capture_output=True, text=True, check=True, timeout=120)
            (line,) = [one for one in dry.stdout.splitlines() if one.startswith(".venv/bin/fcnet ")]
            words = shlex.split(line)
        if words[0].endswith("fcnet"):
            outcome = fcnet(*words[1:])
            assert outcome.code == 0, (words, outcome.err)
    for made in MADE[page]["runs"]:
        assert (copy / made / "result.json").is_file(), made
    for made in MADE[page]["files"]:
        assert (copy / made).exists(), made


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_git_leaves_what_the_pages_make_alone(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    for made in (
        ".venv/x",
        "data/x",
        "checkpoints/mnist/x",
        "runs/x",
        "plots/x",
        "codes.npz",
        "digit.html",
        "report.html",
    ):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).touch()
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True, timeout=120)
    status = ["git", "-C", str(tmp_path), "status", "--short"]
    told = subprocess.run(status, capture_output=True, text=True, check=True, timeout=120).stdout
    assert told.split() == ["??", ".gitignore"]


def test_the_same_lines_go_to_every_system() -> None:
    """In blocks that are for all systems: no single quotes, no comments, what a shell might expand is quoted."""
    for line in "".join(functools.reduce(operator.iadd, BLOCKS.values(), [])).splitlines():
        bare = re.sub(r'"[^"]*"', "", line)
        assert not re.search(r"['#`()]", line), line
        assert not re.search(r"[\[\]{}*?~$<>&!]", bare), line


def test_blocks_for_windows_hold_commands_alone() -> None:
    """No single quotes (they are none in the command prompt), no comments, no prose; the commands are fcnet's."""
    assert WINDOWS
    for line in "".join(WINDOWS).splitlines():
        assert not re.search(r"['#`]|\b(?:Linux|macOS)\b", line), line
        assert re.match(r"(python|pip|fcnet|\.venv\\Scripts\\activate)\b", line), line
        for command in re.findall(r"\bfcnet (.+)", line):
            assert shlex.split(command)[0] in {one.split()[0] for one in COMMANDS}, line


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_have_the_same_blocks(page: str) -> None:
    chinese = (ROOT / page.replace(".md", ".zh-CN.md")).read_text()
    for kind in ("sh", "powershell", "text", "python"):
        pattern = rf"^```{kind}\n(.*?)^```"
        found = [re.findall(pattern, text, re.DOTALL | re.MULTILINE) for text in (PAGES[page], chinese)]
        assert found[0] == found[1]


def test_every_file_that_a_block_names_is_there_or_made_by_one() -> None:
    for word in shlex.split("\n".join(functools.reduce(operator.iadd, BLOCKS.values(), [])).replace(";", " ")):
        if word.startswith(("configs/", "docs/")):
            assert list(ROOT.glob(word)), word


def test_the_example_images_are_those_that_the_script_draws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import example_digits
    from PIL import Image

    monkeypatch.setattr(example_digits, "OUT", tmp_path)
    example_digits.main()
    names = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.png")]
    assert len(names) == 11
    for name in names:
        with Image.open(tmp_path / name) as drawn, Image.open(ROOT / "docs/examples" / name) as shipped:
            assert np.abs(np.asarray(drawn, int) - np.asarray(shipped, int)).mean() < 2, name  # Pillows differ a little

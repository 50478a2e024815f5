"""The guides show what is printed: their commands are run as they stand, on few images where they name MNIST."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import example_folder
import example_photos
import numpy as np
import pytest

from helpers.command_line import ROOT, Outcome, Run
from helpers.imports import kaggle
from helpers.tiny import write_numbered

NUMBER = re.compile(r"[-+]?\d+\.\d+")
GUIDES = ("compare", "gpu-servers", "sweeps", "your-images")


def blocks(name: str, kind: str) -> list[str]:
    """The blocks of one kind in a page."""
    text = (ROOT / f"docs/{name}.md").read_text()
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def words_of(text: str) -> list[list[str]]:
    """The words of each line, numbers with a point aside: the last bits of a training differ between machines."""
    return [NUMBER.sub("N", re.sub(r" \*", "", line)).split() for line in text.strip().splitlines()]


def run(fcnet: Run, line: str, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Run a line as a shell does, but wait for what it puts behind ``&``; output goes to a file that it names."""
    parts = re.fullmatch(r"(?:nohup )?((?:[A-Z_]+=\S+ )*)fcnet (.*?)(?: > (\S+))?(?: 2>&1)?(?: &)?", line)
    assert parts is not None, line
    with monkeypatch.context() as changed:
        for name, _, value in (word.partition("=") for word in parts[1].split()):
            changed.setenv(name, value)
        outcome = fcnet(*shlex.split(parts[2]))
    if parts[3]:
        Path(parts[3]).write_text(outcome.out + outcome.err)
    assert outcome.code == 0, (line, outcome.err)
    return outcome


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the configs, and few images in place of MNIST's; the GPU that a command names is not needed."""
    for name in ("configs", "scripts/slurm"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for split, n in (("train", 200), ("t10k", 50)):
        labels = np.arange(n) % 10
        images = np.random.default_rng(n).integers(0, 60, (n, 28, 28), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[2 * label + 4 : 2 * label + 7, 6:22] += 150
        folder = tmp_path / "data/mnist" / split
        write_numbered(folder, images, labels)
        folder.with_suffix(".txt").rename(folder.with_name(f"{split}-labels.txt"))
        folder.rename(folder.with_name(f"{split}-images"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("name", GUIDES)
def test_a_shell_can_read_the_blocks(name: str, shell: str) -> None:
    """Both languages have the same ones: tests/docs/test_translations.py."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    text = "".join(blocks(name, "sh") + blocks(name, "bash"))
    done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_comparison_shows_what_is_printed(fcnet: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained, *others = blocks("compare", "sh")
    for line in trained.splitlines():
        loop = re.fullmatch(r"for seed in ([\d ]+); do (fcnet .*); done", line)
        assert loop is not None, line
        for seed in loop[1].split():
            run(fcnet, loop[2].replace("$seed", seed).replace("configs/", f"{ROOT}/configs/"), monkeypatch)
    lists, compared = blocks("compare", "text")
    for line in "".join(others).splitlines():
        outcome = run(fcnet, line, monkeypatch)
        if line == "fcnet runs runs/width" or "--out figures" in line:
            shown = lists if "fcnet runs" in line else compared
            assert words_of(outcome.out) == words_of(shown)
            found, expected = (re.findall(r"\d+\.\d\d(?= %| ±)", text) for text in (outcome.out, shown))
            assert [float(one) for one in found] == pytest.approx([float(one) for one in expected], abs=2.0)
    assert (tmp_path / "figures/groups.png").is_file()


def test_one_s_own_images_from_the_folder_to_the_answers(
    fcnet: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is saved as the page says, each command run; what is shown is printed, and every message exists."""
    text = (ROOT / "docs/your-images.md").read_text()
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    kaggle("train.csv", images, np.arange(30) % 10)
    kaggle("test.csv", images, None)
    for name, config in re.findall(r"Save this as `([\w-]+\.yaml)`.*?```yaml\n(.*?)```", text, re.DOTALL):
        Path(name).write_text(config)
    printed = {}
    for line in "".join(blocks("your-images", "sh")).splitlines():
        if line == "python scripts/example_folder.py my-digits":
            example_folder.write(Path("my-digits"))
            count = sum(1 for _ in Path("my-digits").rglob("*.jpg"))
            assert f"draws {count} of them" in text
        else:
            printed[line.removeprefix("fcnet ").split()[0]] = run(fcnet, line, monkeypatch).out
    checked, first, answers = blocks("your-images", "text")
    assert printed["config"] == checked
    assert fcnet("train", "-c", "my-digits.yaml", "train.epochs=1").out.startswith(first)
    assert words_of(printed["predict"]) == words_of(answers)
    for made in ("seen.png", "plots/augmented.png", "checkpoints/my-digits/plots/mistakes.png", "data/kaggle"):
        assert (tmp_path / made).exists(), made


def test_the_messages_about_one_s_own_images_are_fcnet_s(
    fcnet: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that docs/your-images.md explains, each brought about."""
    monkeypatch.setattr(example_folder, "SPLITS", {"train": 3, "test": 1})
    example_folder.write(Path("my-digits"))
    (config,) = (text for text in blocks("your-images", "yaml") if "prepare" in text)
    Path("my-digits.yaml").write_text(config)
    Path("labels.csv").write_text("filepath,label\ntrain/0/0.jpg,0\ntrain/1/none.jpg,1\n")
    shutil.rmtree("my-digits/test/9")
    short = ["train", "-c", "my-digits.yaml", "train.epochs=1"]
    unprepared = fcnet(*short, "data.prepare=null").err
    wrong = fcnet(*short, "data.train.images=my-digits", "data.train.labels=labels.csv").err
    (tmp_path / "my-digits/train/7/broken.jpg").write_text("no image")
    example_photos.empty().save("my-digits/train/7/blank.jpg")
    bad = fcnet(*short).err
    table = (ROOT / "docs/your-images.md").read_text().partition("| message |")[2].partition("\n\n")[0]
    messages = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(messages) == 5
    for message in messages:
        assert message in (unprepared + wrong + bad).replace("on paper of uneven brightness and ", ""), message


@pytest.mark.usefixtures("server")
def test_the_commands_for_a_server_do_what_the_page_says(
    fcnet: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU; each ends well, twice: all may be repeated."""
    lines = "".join(blocks("gpu-servers", "sh")).splitlines()
    for line in lines:
        if line.startswith("tail "):
            assert "runs/mnist" in Path(shlex.split(line)[1]).read_text()
        else:
            run(fcnet, line, monkeypatch)
    again = {line: run(fcnet, line, monkeypatch).out for line in lines if "--resume" in line or "sweep status" in line}
    assert "nothing to do" in " ".join(again.values())
    assert "15 runs: 15 finished" in " ".join(again.values())
    shutil.rmtree(tmp_path / "runs/mnist/ckpt")
    run(fcnet, next(line for line in lines if "--resume" in line), monkeypatch)
    for words in ("--array=0-3", "--gres=gpu:1", "--partition=gpu", "--time=04:00:00"):
        assert words in (tmp_path / "job.sh").read_text()

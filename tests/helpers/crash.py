"""Kills a training at every call that changes the disk, one after the other, and lets it go on each time.

    python crash.py FOLDER FIRST STRIDE fresh|over WORDS...

The words are those of a training whose --out is not given yet. A reference is trained into FOLDER/whole. Then, for
k = FIRST, FIRST + STRIDE, ..., a child begins the same training and is killed (SIGKILL) right before its k-th call of
write, fsync, replace, unlink, truncate or mkdir, or half-way through a write; another child goes on with --resume, and
the files are compared; until a child is not killed any more. Images are decoded anew each time. With ``over`` the
training replaces a finished run of another seed (--overwrite); where --resume then refuses what is left of that run,
the same --overwrite is given again. Prints one JSON object: how many kills there were, at which calls, and what was
lost.

Children are forks of this process, which has imported all that training needs, so that a kill takes no second.
"""

import builtins
import collections
import io
import json
import os
import pathlib
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import matplotlib.figure  # noqa: F401  (imported before the first fork)

import fcnet.commands.train  # noqa: F401
from fcnet.cli.main import main

UNTIMED = ("images_per_s", "seconds")  # fields of the metrics that no two runs share

CALLS = ((os, "fsync"), (os, "replace"), (os, "truncate"), (os, "mkdir"), (os, "unlink"), (pathlib.Path, "unlink"))


def contents(run: Path) -> dict[str, Any]:
    """What a run must end in, however often it was killed."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    metrics = [{key: value for key, value in line.items() if key not in UNTIMED} for line in lines]
    result = json.loads((run / "result.json").read_text())
    result.pop("seconds")
    weights = {name: (run / name).read_bytes() for name in ("model.pth", "best.pth") if (run / name).is_file()}
    return {"metrics": metrics, "result": result, "names": sorted(os.listdir(run))} | weights


def dying(k: int, told: int) -> None:
    """Make the k-th call that changes the disk this process's last; tell its name through a pipe."""
    left = k

    def count(name: str, target: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.write(told, f"{name} {target}".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, name in CALLS:
        call = getattr(owner, name)

        def wrapped(*args: object, _call: object = call, _name: str = name, **more: object) -> object:
            count(_name, args[0] if not isinstance(args[0], int) else f"{args[0]}")
            return _call(*args, **more)  # type: ignore[operator]

        setattr(owner, name, wrapped)

    class Dying(io.BufferedWriter):
        def _name(self) -> str:
            assert isinstance(self.raw, io.FileIO)
            return Path(str(self.raw.name)).name

        def write(self, data: object) -> int:  # type: ignore[override]
            count("write", self._name())
            super().write(bytes(data[: len(data) // 2]))  # type: ignore[index, arg-type]
            self.flush()
            count("write, half done", self._name())
            return super().write(bytes(data[len(data) // 2 :]))  # type: ignore[index, arg-type]

    def opened(file: object, mode: str = "r", *args: object, **more: object) -> object:
        if mode in ("wb", "xb"):
            return Dying(io.FileIO(file, "w" if mode == "wb" else "x"))  # type: ignore[arg-type]
        return plain(file, mode, *args, **more)  # type: ignore[call-overload]

    plain = builtins.open
    pathlib.Path.open = lambda self, mode="r", *args, **more: opened(self, mode, *args, **more)  # type: ignore


def child(words: list[str], k: int = 0) -> tuple[int, str]:
    """Exit code of a forked ``fcnet WORDS`` (negative: killed), and where it was killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        if k:
            dying(k, writing)
        os._exit(main(words))
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    with open(reading) as file:
        where = file.read()
    return os.waitstatus_to_exitcode(status), where


def crash(folder: Path, first: int, stride: int, over: bool, words: list[str]) -> dict[str, object]:
    """The whole experiment."""
    words = [*words, f"data.cache={folder / 'cache'}"]
    assert child([*words, "--out", str(folder / "whole")])[0] == 0
    expected = contents(folder / "whole")
    more = ["--overwrite"] if over else []
    if over:
        assert child([*words, "--out", str(folder / "former"), "seed=1"])[0] == 0
    kills: collections.Counter[str] = collections.Counter()
    lost: list[str] = []
    for k in range(first, 10_000, stride):
        run = folder / str(k)
        shutil.rmtree(folder / "cache")
        if over:
            shutil.copytree(folder / "former", run)
        code, where = child([*words, "--out", str(run), *more], k)
        if code == 0:
            break
        kills[where.split(" ")[0]] += 1
        code, _ = child([*words, "--out", str(run), "--resume"])
        if over and code == 2:
            code, _ = child([*words, "--out", str(run), "--overwrite"])
        if code != 0 or contents(run) != expected:
            lost.append(f"{k}: {where}: exit {code}")
    return {"kills": sum(kills.values()), "calls": dict(kills), "lost": lost}


if __name__ == "__main__":
    print(json.dumps(crash(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "over", sys.argv[5:])))

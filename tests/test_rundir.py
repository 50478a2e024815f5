"""The directory of a run."""

from pathlib import Path

import pytest

from fcnet import rundir
from fcnet.errors import ConfigError, InUseError


def test_names_count_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [rundir.create(None, "a").name for _ in range(3)] == ["a", "a-2", "a-3"]
    assert rundir.create(Path("deep/er/run"), "a").is_dir()


def test_an_existing_folder_is_not_touched_without_overwrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = rundir.create(tmp_path / "run", "")
    for name in (rundir.CONFIG, rundir.ENVIRONMENT, rundir.METRICS, rundir.MODEL):
        (run / name).write_text("")
    (run / rundir.ENVIRONMENT).write_text('{"versions": {"fcnet": null}}')
    with pytest.raises(ConfigError, match="exists already"):
        rundir.check_free(run, False)
    with pytest.raises(InUseError, match="another process has just made it"):
        rundir.create(run, "")
    (run / "note.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds note\.txt, which is not of a run"):
        rundir.check_free(run, True)
    (run / "note.txt").unlink()
    (tmp_path / "link").symlink_to(run)
    with pytest.raises(ConfigError, match=r"is a link to .*; name that folder"):
        rundir.check_free(tmp_path / "link", True)
    monkeypatch.chdir(run)
    with pytest.raises(ConfigError, match="is the folder that the command runs in"):
        rundir.check_free(Path(), True)
    monkeypatch.chdir(tmp_path)
    rundir.check_free(run, True)
    (run / rundir.FOLDER).mkdir()
    for name in (rundir.LOCK, rundir.OWNER, "epoch-1-step-2.pt"):
        (run / rundir.FOLDER / name).touch()
    (run / "model.pth.77.tmp").touch()
    rundir.clear(run)
    assert [path.name for path in run.iterdir()] == [rundir.FOLDER]
    assert sorted(path.name for path in (run / rundir.FOLDER).iterdir()) == [rundir.LOCK, rundir.OWNER]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter").write_text("years of work")
    for name in (rundir.CONFIG, rundir.ENVIRONMENT, rundir.METRICS):
        (tmp_path / "thesis" / name).write_text("of another program")
    with pytest.raises(ConfigError, match="is no run directory"):
        rundir.check_free(tmp_path / "thesis", True)
    assert (tmp_path / "thesis/chapter").exists()

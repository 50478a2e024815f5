"""The directory of a run."""

from pathlib import Path

import pytest

from fcnet.errors import ConfigError, InUseError
from fcnet.rundir import directory
from fcnet.rundir.checkpoints import FOLDER
from fcnet.rundir.lock import LOCK, OWNER


def test_names_count_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [directory.create(None, "a").name for _ in range(3)] == ["a", "a-2", "a-3"]
    assert directory.create(Path("deep/er/run"), "a").is_dir()


def test_an_existing_folder_is_not_touched_without_overwrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = directory.create(tmp_path / "run", "")
    for name in (directory.CONFIG, directory.ENVIRONMENT, directory.METRICS, directory.MODEL):
        (run / name).write_text("")
    (run / directory.ENVIRONMENT).write_text('{"versions": {"fcnet": null}}')
    with pytest.raises(ConfigError, match="already exists"):
        directory.check_free(run, False)
    with pytest.raises(InUseError, match="another process has just created it"):
        directory.create(run, "")
    (run / "note.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"contains note\.txt, which does not belong to a run"):
        directory.check_free(run, True)
    (run / "note.txt").unlink()
    (tmp_path / "link").symlink_to(run)
    with pytest.raises(ConfigError, match=r"is a link to .*; name that folder"):
        directory.check_free(tmp_path / "link", True)
    monkeypatch.chdir(run)
    with pytest.raises(ConfigError, match="is the current folder"):
        directory.check_free(Path(), True)
    monkeypatch.chdir(tmp_path)
    directory.check_free(run, True)
    (run / FOLDER).mkdir()
    for name in (LOCK, OWNER, "epoch-1-step-2.pt"):
        (run / FOLDER / name).touch()
    (run / "model.pth.77.tmp").touch()
    directory.clear(run)
    assert [path.name for path in run.iterdir()] == [FOLDER]
    assert sorted(path.name for path in (run / FOLDER).iterdir()) == [LOCK, OWNER]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter").write_text("years of work")
    for name in (directory.CONFIG, directory.ENVIRONMENT, directory.METRICS):
        (tmp_path / "thesis" / name).write_text("of another program")
    with pytest.raises(ConfigError, match="is not a run directory"):
        directory.check_free(tmp_path / "thesis", True)
    assert (tmp_path / "thesis/chapter").exists()

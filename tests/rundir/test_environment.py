"""What a run writes down."""

import json
from pathlib import Path

from fcnet.rundir import directory, environment
from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord


def test_the_result_has_final_and_best_figures(tmp_path: Path) -> None:
    records = [EpochRecord(i, Metrics(1, 0.5, 2), Metrics(1, i / 10, 2), None, 2.5) for i in (1, 2)]
    environment.write_result(tmp_path, "finished", records[1], records[0], 3.21234)
    result = json.loads((tmp_path / directory.RESULT).read_text())
    assert result["ended"] == "finished"
    assert result["seconds"] == 3.212
    assert result["epoch"] == 2
    assert "test" not in result
    assert result["best"]["epoch"] == 1
    assert result["best"]["validation"]["accuracy"] == 0.1

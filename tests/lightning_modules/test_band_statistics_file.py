"""Statistics of bands by name, whatever their order in the file."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from errors import UserError
from lightning_modules.band_statistics_file import read_band_statistics, read_log_constants

CONTENT: dict[str, Any] = {"bands": ["B2", "B3", "B4"], "mean": [1, 2, 3.5], "std": [4, 5, 6], "windows": 64}


def test_bands_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "band_statistics.yaml"
    path.write_text(yaml.safe_dump(CONTENT))
    assert read_band_statistics(path, ["B4", "B2"]) == {"mean": [3.5, 1.0], "std": [6.0, 4.0]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "model.normalisation.file: there is no such file"),
        ({**CONTENT, "bands": ["B2", "B3", "B8"]}, "found statistics of B2, B3, B8, expected B4 too"),
        ({**CONTENT, "std": [1]}, "found 3 bands, 3 means and 1 deviations, expected as many of each"),
        ({**CONTENT, "mean": ["x", 1, 2]}, "found no lists bands, mean and std"),
        ({"mean": [1]}, "found no lists bands, mean and std"),
        ([1, 2], "found no lists bands, mean and std"),
        ("{", "not a readable YAML file"),
    ],
)
def test_other_files(tmp_path: Path, content: Any, words: str) -> None:
    path = tmp_path / "band_statistics.yaml"
    if content is not None:
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    with pytest.raises(UserError, match=words) as caught:
        read_band_statistics(path, ["B4", "B2"])
    assert str(path) in str(caught.value)


def test_constants_of_the_logarithmic_scale(tmp_path: Path) -> None:
    path = tmp_path / "band_statistics.yaml"
    log = {"shares": [0.3, 0.7], "low": {"B2": 100}, "high": {"B2": 900}}
    path.write_text(yaml.safe_dump({**CONTENT, "log": log}))
    assert read_log_constants(path) == log
    path.write_text(yaml.safe_dump(CONTENT))
    with pytest.raises(UserError, match="found no constants low, high and shares under log"):
        read_log_constants(path)

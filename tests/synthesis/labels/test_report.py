"""Shares of classes."""

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from products.class_raster import write_classes
from products.grid import Grid
from synthesis.labels.report import TABLE, class_pixels, print_shares, write_report


@pytest.fixture(scope="module")
def classes(repository):
    return instantiate(OmegaConf.load(repository / "conf" / "classes" / "clouds.yaml"))


def test_every_pixel_is_counted_once(tmp_path, classes):
    mask = np.random.default_rng(0).choice([0, 1, 2, 3, 255], (700, 30)).astype(np.uint8)
    write_classes(tmp_path / "a.tif", mask, Grid(700, 30), classes)
    counts = class_pixels(tmp_path / "a.tif", classes)
    assert counts == {
        name: int((mask == index).sum())
        for name, index in zip([*classes.names, "unknown"], [0, 1, 2, 3, 255], strict=True)
    }


def test_shares_are_over_all_masks_and_of_the_least_and_most(tmp_path, capsys):
    print_shares([{"cloud": 30, "unknown": 70}, {"cloud": 0, "unknown": 300}], tmp_path)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "cloud" in line]
    assert [word.strip() for word in line.split("│")[1:-1]] == ["cloud", "30", "7.50 %", "0.00 %", "30.00 %"]


def test_the_table_has_a_row_for_each_mask(tmp_path):
    write_report(tmp_path, [{"key": "a", "cloud": 1}, {"key": "b", "cloud": 2}])
    assert (tmp_path / TABLE).read_text() == "key,cloud\na,1\nb,2\n"

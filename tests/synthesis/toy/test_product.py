from pathlib import Path

import h5py
import numpy as np
import pytest

from errors import UserError
from synthesis.toy.product import checked_features, dataset, file_inside, opened, slices

FEATURES = {"width": 4, "height": 3, "nbands": 2, "horizon": 5, "ndigit": 2, "nframes": 10}


def test_features_are_whole_numbers() -> None:
    path = Path("p/index.json")
    assert checked_features(path, FEATURES) == FEATURES
    for wrong in (None, -1, 1.5, "4", True):
        with pytest.raises(UserError, match=r"p/index\.json: features\.nbands is .* expected a whole number"):
            checked_features(path, {**FEATURES, "nbands": wrong})
    with pytest.raises(UserError, match="'features' is 3"):
        checked_features(path, 3)


def test_files_lie_in_their_folder() -> None:
    folder, index = Path("/data/scene"), Path("/data/scene/index.json")
    assert file_inside(folder, "frames/./frame_1.h5", index) == folder / "frames" / "frame_1.h5"
    assert file_inside(folder, "frames/../frame_1.h5", index) == folder / "frame_1.h5"
    for name in ("../other/frame_1.h5", "/etc/passwd", "frames/../../x", ".."):
        with pytest.raises(UserError, match=r"index\.json names the file .*: expected a path inside of"):
            file_inside(folder, name, index)
    for name in (None, 3, ""):
        with pytest.raises(UserError, match="expected a path relative to"):
            file_inside(folder, name, index)


def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with pytest.raises(UserError, match=r"x\.h5 does not exist"), opened(path):
        pass
    with h5py.File(path, "w") as file:
        file.create_dataset("data", data=np.zeros((50, 40)))
        file.create_dataset("text", data=np.array([b"a"]))
    with opened(path) as file:
        assert dataset(file, "data", (50, 40), "f").shape == (50, 40)
        with pytest.raises(UserError, match=r"x\.h5 has no dataset 'frame'"):
            dataset(file, "frame", (50, 40), "f")
        with pytest.raises(UserError, match=r"shape \(50, 40\), expected \(40, 50\) by the product's index"):
            dataset(file, "data", (40, 50), "f")
        with pytest.raises(UserError, match=r"'text' holds .*, expected numbers"):
            dataset(file, "text", (1,), "f")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"x\.h5 cannot be read .*truncated"), opened(path):
        pass


def test_windows() -> None:
    image = np.arange(20).reshape(4, 5)
    assert image[slices((1, 2, 2, 3))].tolist() == [[7, 8, 9], [12, 13, 14]]
    assert image[slices(None)].shape == (4, 5)

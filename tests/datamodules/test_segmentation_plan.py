import subprocess
import sys

import numpy as np
import pytest

from datamodules.segmentation_options import SegmentationOptions
from datamodules.segmentation_plan import plan_scenes, preflight
from errors import UserError
from products.scene_reader import SceneReader
from products.window import Window
from tests.fakes.annotated_scenes import CLOUDS, grid, quarters, write_pair, write_tif


def plan(folder, masks="masks", **given):
    options = {"scenes": SceneReader(), "classes": CLOUDS, "patch_size": 16, **given}
    paths = {"images": str(folder / "images"), "masks": str(folder / masks)}
    preflight(**options, **paths)
    return plan_scenes(SegmentationOptions(**options, **paths), options["scenes"], *paths.values())


def test_bands_are_those_of_the_first_scene_in_its_order(tmp_path):
    write_pair(tmp_path, "a")
    write_tif(tmp_path / "images" / "b.tif", np.ones((3, 64, 64), np.uint16), names=["B3", "B1", "B2"])
    write_tif(tmp_path / "masks" / "b.tif", quarters())
    made = plan(tmp_path)
    assert made.bands == ("B1", "B2", "B3") and [scene.bands for scene in made.scenes] == [made.bands] * 2


def test_a_scene_without_the_needed_band(tmp_path):
    write_pair(tmp_path, "a")
    write_tif(tmp_path / "images" / "b.tif", np.ones((2, 64, 64), np.uint16), names=["B1", "B2"])
    write_tif(tmp_path / "masks" / "b.tif", quarters())
    with pytest.raises(UserError, match=r"b.tif: found the bands B1, B2, expected B3 among them"):
        plan(tmp_path)


def test_a_mask_of_another_size_or_place(tmp_path):
    write_pair(tmp_path, "a", own=grid(64, 64))
    write_tif(tmp_path / "masks" / "a.tif", quarters(60, 64))
    with pytest.raises(UserError, match=r"a.tif: found a mask of 60 .*expected 64"):
        plan(tmp_path)
    write_tif(tmp_path / "masks" / "a.tif", quarters(), grid(64, 64, west=500_300))
    with pytest.raises(UserError, match=r"a.tif: found a mask of .*500300"):
        plan(tmp_path)
    assert (
        plan(tmp_path, mask_resampling="nearest").masks[0].read(Window(0, 0, 4, 4)).tolist()
        == [[255] * 4] * 4
    )


def test_classes_outside_of_the_table(tmp_path):
    write_pair(tmp_path, "a")
    write_tif(tmp_path / "masks" / "a.tif", np.full((64, 64), 9, np.uint8))
    with pytest.raises(UserError, match=r"a.tif: found 9, which classes=clouds does not know"):
        plan(tmp_path)


def test_scenes_of_one_name_are_told_apart_by_their_folders(tmp_path):
    for folder in ("one", "two"):
        write_pair(tmp_path / folder, "chip", own=grid(64, 64, west=400_000 + 9_000 * len(folder)))
    images = [str(tmp_path / folder / "images" / "chip.tif") for folder in ("one", "two")]
    np.savez(tmp_path / "x.npz", img=np.ones((64, 64, 3)), msk=quarters())
    options = SegmentationOptions(scenes=SceneReader(), classes=CLOUDS)
    with pytest.raises(UserError, match=r"none that belongs to an image|two scenes called"):
        plan_scenes(
            options,
            options.scenes,
            images,
            [str(tmp_path / "one" / "masks"), str(tmp_path / "two" / "masks")],
        )
    for folder in ("one", "two"):
        (tmp_path / folder / "chip.npz").write_bytes((tmp_path / "x.npz").read_bytes())
    images = [str(tmp_path / folder / "chip.npz") for folder in ("one", "two")]
    made = plan_scenes(options, options.scenes, images, None)
    assert [scene.name for scene in made.scenes] == ["one_chip", "two_chip"]


def test_the_preflight_imports_no_torch(tmp_path):
    code = "import sys, datamodules.segmentation_plan; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

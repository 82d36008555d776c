import pytest

from datamodules.segmentation_options import SegmentationOptions
from errors import UserError
from products.scene_reader import SceneReader
from tests.fakes.annotated_scenes import CLOUDS


def options(**given):
    return SegmentationOptions(**{"scenes": SceneReader(), "classes": CLOUDS, **given})


def test_what_the_split_is_given():
    split = options(split="date", val_fraction=0.2, patch_size=64).split_options
    assert (split.kind, split.fractions, split.block) == ("date", {"val": 0.2, "test": 0.15}, 64)
    assert options(test_on="all", val_fraction=0.5, test_fraction=0.5).split_options.fractions == {
        "test": 1.0
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"classes": None}, "classes: found none, expected one of conf/classes"),
        ({"scenes": None}, "data.scenes: found no reader"),
        ({"patch_size": 4}, "data.patch_size: found 4, expected a whole number of at least 8"),
        ({"windows_per_scene": 0}, "data.windows_per_scene: found 0, expected a whole number of at least 1"),
        ({"split": "place"}, "data.split: found 'place', expected auto, tile, date, scene, blocks"),
        ({"augmentation": "rotate"}, "data.augmentation: found 'rotate', expected none, flips, dihedral"),
        ({"mask_resampling": "cubic"}, "data.mask_resampling: found 'cubic', expected none, nearest"),
        ({"min_valid_fraction": 2}, "data.min_valid_fraction: found 2, expected a number from 0 to 1"),
        ({"gain_spread": -1}, "data.gain_spread: found -1, expected 0 or more"),
        (
            {"val_fraction": 0.6, "test_fraction": 0.5},
            "data.val_fraction and data.test_fraction: found 0.6 and 0.5",
        ),
    ],
)
def test_impossible_values(given, message):
    with pytest.raises(UserError, match=message):
        options(**given)

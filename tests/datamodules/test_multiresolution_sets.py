import numpy as np
import pytest
import torch

from datamodules.multiresolution_sets import (
    EvaluationTiles,
    TrainingPatches,
    origin,
    sample,
    tiles,
    turned,
    with_gains,
)
from datamodules.product_cache import BlockStore, CachedProduct
from products.product_part import ProductPart
from products.reduced_resolution import ReducedResolution
from products.window import Window
from tests.fakes.array_product import landsat_like, sentinel_like


def patches(*scenes, **changes):
    options = {"patch_size": 8, "augmentation": "none", "min_valid_fraction": 0.5, "seed": 0, "satellite": 0}
    return TrainingPatches(scenes, **{**options, **changes})


def same(one, other):
    assert one.keys() == other.keys() and one["id"] == other["id"]
    assert list(one["inputs"]) == list(other["inputs"])
    for m, pixels in one["inputs"].items():
        np.testing.assert_array_equal(pixels, other["inputs"][m])
    np.testing.assert_array_equal(one["target"], other["target"])
    np.testing.assert_array_equal(one["valid"], other["valid"])


def test_a_sample_is_what_the_product_says():
    scene = ReducedResolution(sentinel_like(72, 66, name="A"), 60)
    found = sample(scene, Window(1, 2, 4, 3), Window(1, 2, 4, 3))
    assert list(found["inputs"]) == [10, 20, 60]
    assert {m: pixels.shape for m, pixels in found["inputs"].items()} == {
        10: (2, 4, 3),
        20: (1, 4, 3),
        60: (1, 4, 3),
    }
    assert found["target"].shape == found["valid"].shape == (1, 4, 3)
    assert found["target"].dtype == np.float32 and found["valid"].dtype == bool
    assert (found["id"], found["scene"]) == ("A#1,2,4,3", "A")
    assert np.array_equal(found["target"][0], scene.product.arrays[60][0, 1:5, 2:5])


def test_patches_are_a_function_of_seed_satellite_and_draw():
    scene = ReducedResolution(sentinel_like(), 20)
    same(patches(scene)[0, 5], patches(scene)[0, 5])
    ids = {patches(scene, seed=seed, satellite=satellite)[0, draw]["id"]
           for seed in (0, 1) for satellite in (0, 1) for draw in (0, 1)}  # fmt: skip
    assert len(ids) > 5


def test_every_position_comes_up_and_none_outside():
    scene = ReducedResolution(sentinel_like(48, 42), 20)  # 24 x 20 pixels of 20 m
    data = patches(scene, patch_size=20)
    found = {data[0, draw]["id"] for draw in range(60)}
    assert found == {f"scene#{row},0,20,20" for row in range(5)}


def test_larger_products_are_drawn_from_more_often():
    data = patches(ReducedResolution(sentinel_like(96, 96), 20), ReducedResolution(sentinel_like(48, 48), 20))
    assert np.bincount(data.index).tolist() == [36, 9]


def test_augmentation_turns_all_images_of_a_sample_alike():
    scene = ReducedResolution(sentinel_like(), 20)
    plain = sample(scene, Window(4, 4, 8, 8), Window(4, 4, 8, 8))
    plain["valid"][0, 1, 2] = False
    seen = set()
    for draw in range(60):
        made = turned("dihedral", np.random.default_rng(draw), plain)
        fits = [
            (turns, flipped)
            for turns in range(4)
            for flipped in (False, True)
            if all(
                np.array_equal(np.rot90(image[..., ::-1] if flipped else image, turns, (1, 2)), turned_image)
                for image, turned_image in [
                    (plain["target"], made["target"]), (plain["valid"], made["valid"]),
                    *((plain["inputs"][m], made["inputs"][m]) for m in plain["inputs"]),
                ]
            )
        ]  # fmt: skip
        assert len(fits) == 1
        seen.update(fits)
    assert len(seen) == 8


def test_holes_are_avoided_marked_and_never_seen_as_dark():
    product = sentinel_like(96, 96)
    product.arrays[20][:] = 3000
    product.arrays[10][:] = 3000
    product.arrays[20][0, :, :30] = 0  # of 48 columns
    product.arrays[10][1, 80:, :] = 0
    data = patches(ReducedResolution(product, 20), min_valid_fraction=0.7)
    for draw in range(40):
        found = data[0, draw]
        truth = found["target"] > 0
        assert truth.mean() >= 0.5
        assert not (found["valid"] & ~truth).any()
        row = int(found["id"].split("#")[1].split(",")[0])
        assert not found["valid"][:, max(0, 40 - row) :].any()  # the finest group is missing there
        for pixels in found["inputs"].values():
            np.testing.assert_allclose(pixels, 3000, rtol=1e-3)


def test_a_small_scene_is_one_tile_and_a_large_one_many():
    assert tiles(Window(3, 0, 40, 30), 40, 8) == [(Window(3, 0, 40, 30), Window(3, 0, 40, 30))]
    found = tiles(Window(0, 2, 100, 60), 48, 8)
    covered = np.zeros((100, 62), int)
    for core, read in found:
        covered[core.row : core.bottom, core.column : core.right] += 1
        assert max(read.height, read.width) <= 48
        assert read.row == max(0, core.row - 8) and read.bottom == min(100, core.bottom + 8)
        assert read.column == max(2, core.column - 8) and read.right == min(62, core.right + 8)
    assert (covered[:, 2:] == 1).all() and not covered[:, :2].any()


@pytest.mark.parametrize(("make", "target_m"), [(sentinel_like, 20), (landsat_like, 30)])
def test_a_network_scores_tiles_as_it_scores_the_whole_scene(make, target_m):
    scene = ReducedResolution(make(), target_m)
    torch.manual_seed(0)
    channels = sum(pixels.shape[0] for pixels in scene.inputs(scene.usable)[0].values())
    network = torch.nn.Sequential(*(torch.nn.Conv2d(channels, channels, 3, padding=1) for _ in range(3)))

    def errors(size):
        total, count = 0.0, 0
        for found in (
            data[i] for data in [EvaluationTiles([scene], size=size, context=3)] for i in range(len(data))
        ):
            stack = torch.cat([torch.from_numpy(pixels) for pixels in found["inputs"].values()])[None] / 1000
            with torch.no_grad():
                made = network(stack)[0, -1].double().numpy()
            inside = found["valid"][0]
            total += (made - found["bicubic"][0] / 1000)[inside].sum()
            count += inside.sum()
        return total, count

    whole, tiled = errors(1000), errors(13)
    assert whole[1] == tiled[1]
    assert tiled[0] == pytest.approx(whole[0], rel=1e-5)


def test_a_part_is_known_by_its_place_in_the_whole():
    part = ProductPart(sentinel_like(name="A"), Window(12, 6, 48, 42))
    scene = ReducedResolution(CachedProduct(part, BlockStore(2**20), 64), 20)
    assert origin(scene) == (6, 3)
    assert sample(scene, Window(1, 1, 4, 4), Window(2, 2, 2, 2))["id"] == "A#8,5,2,2"


def test_gains_are_the_same_in_inputs_and_truth():
    patch = {
        "inputs": {10: np.full((2, 4, 4), 1000, "float32"), 20: np.full((3, 4, 4), 500, "float32")},
        "target": np.full((3, 4, 4), 500, "float32"),
        "id": "x",
    }
    jittered = with_gains(0.3, np.random.default_rng(0), patch)
    assert np.array_equal(jittered["inputs"][20], jittered["target"])
    gains = np.concatenate([jittered["inputs"][10][:, 0, 0] / 1000, jittered["target"][:, 0, 0] / 500])
    assert len(set(gains)) == 5 and abs(np.log(gains)).max() <= 0.3
    assert jittered["inputs"][10].dtype == np.float32
    assert with_gains(0, np.random.default_rng(0), patch) is patch

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from inference.engine import HaloStage, process_area
from inference.sharpened_bands import SharpenedBands
from inference.sinks import ArraySink
from inference.stacked_groups import StackedGroups
from networks.super_resolver import SuperResolver
from products import region
from products.window import Window
from tests.fakes.array_product import landsat_like, sentinel_like
from tests.fakes.small_resolvers import small_resolver

SCALE = 2000.0


def sharpened(product, resolvers, *, tile_size=1000, area=None, originals=True, prefetch=False, **options):
    distances = sorted({distance for resolver in resolvers for distance in resolver.resolutions})
    function = SharpenedBands(resolvers, product, originals=originals, **options)
    stage = HaloStage(StackedGroups(product, distances, originals), function, 1, function.halo)
    area = area or region.usable(product, distances)
    groups = [resolver.target_m for resolver in resolvers] + ([product.finest_m] if originals else [])
    bands = sum(len(product.sensor.group(distance)) for distance in groups)
    sink = ArraySink((bands, area.height, area.width), product.sensor.dtype)
    process_area(stage, sink, area, tile_size=tile_size, prefetch=prefetch)
    return sink.array


def in_float(product):
    """The same product with pixels of float32, so that nothing is hidden by rounding."""
    product.sensor.dtype = "float32"
    product.arrays = {distance: array.astype(np.float32) for distance, array in product.arrays.items()}
    return product


def with_holes(product, seed=3):
    """Missing pixels: a corner, a strip, spots, another place in every group."""
    generator = np.random.default_rng(seed)
    for distance, array in product.arrays.items():
        array[:, : array.shape[1] // 4, : array.shape[2] // 3] = 0
        array[:, array.shape[1] // 2, :] = 0
        array[0, generator.random(array.shape[1:]) < 10 / distance / 10] = 0
    return product


def test_the_whole_is_what_the_network_makes_of_interpolated_groups():
    product = in_float(sentinel_like(48, 60))
    resolvers = [small_resolver(product.sensor, 20), small_resolver(product.sensor, 60, seed=1)]
    found = sharpened(product, resolvers)
    groups = [
        interpolate(torch.from_numpy(array)[None], (48, 60), mode="bilinear", align_corners=False)
        for array in product.arrays.values()
    ]
    with torch.inference_mode():
        expected = [resolver.network([group / SCALE for group in groups[:count]])[0] * SCALE
                    for resolver, count in zip(resolvers, (2, 3), strict=True)]  # fmt: skip
    expected = np.clip(np.concatenate([groups[0][0], *expected]), 1, 65535)
    np.testing.assert_allclose(found, expected, atol=1e-4 * SCALE)
    np.testing.assert_array_equal(found[:2], product.arrays[10])
    assert (np.diff(found[2:]) != 0).mean() > 0.5, "the network does something"


@pytest.mark.parametrize("tile_size", [7, 16, 33])
@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("make", [
    lambda: sentinel_like(60, 66),
    lambda: sentinel_like(57, 65),  # no multiples of anything
    lambda: landsat_like(29, 31),  # half a pixel apart
], ids=["nested", "rests", "half_pixel"])  # fmt: skip
def test_tiles_equal_the_whole(make, holes, tile_size):
    product = in_float(make())
    if holes:
        with_holes(product)
    resolvers = [small_resolver(product.sensor, distance) for distance in list(product.grids)[1:]]
    whole = sharpened(product, resolvers)
    tiled = sharpened(product, resolvers, tile_size=tile_size, prefetch=True)
    assert ((whole == 0) == (tiled == 0)).all()
    assert 0 < (whole == 0).sum() < whole.size / 2 or not holes
    np.testing.assert_allclose(tiled, whole, atol=1e-4 * SCALE)


def test_integers_of_tiles_are_those_of_the_whole():
    product = with_holes(sentinel_like(57, 65))
    resolvers = [small_resolver(product.sensor, 60, blocks=2)]
    whole, tiled = sharpened(product, resolvers), sharpened(product, resolvers, tile_size=19)
    assert (whole != tiled).mean() < 1e-3  # what lies next to a half may be rounded either way
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_a_part_is_what_it_is_in_the_whole():
    product = in_float(with_holes(sentinel_like(60, 66)))
    resolvers = [small_resolver(product.sensor, 20)]
    part = Window(12, 24, 30, 18)
    whole = sharpened(product, resolvers)
    found = sharpened(product, resolvers, area=part)
    np.testing.assert_allclose(found, whole[:, *part.inside(Window(0, 0, 60, 66))], atol=1e-4 * SCALE)


def test_bands_of_a_group_do_not_depend_on_other_groups():
    product = in_float(sentinel_like(57, 65))  # the 60 m grid ends before the 20 m one
    twenty, sixty = small_resolver(product.sensor, 20), small_resolver(product.sensor, 60, blocks=3)
    alone, both = sharpened(product, [twenty]), sharpened(product, [twenty, sixty])
    assert alone.shape[1:] == (56, 64) and both.shape[1:] == (54, 60)
    np.testing.assert_allclose(both[:3], alone[:, :54, :60], atol=1e-4 * SCALE)


def test_pixels_without_data_are_those_of_the_bands_own_pixel():
    product = sentinel_like(48, 60)
    product.arrays[20][0, 3, 5] = 0
    product.arrays[10][1, 10, 12] = 0
    found = sharpened(product, [small_resolver(product.sensor, 20)])
    missing = [np.argwhere(band == 0).tolist() for band in found]
    assert missing == [[], [[10, 12]], [[6, 10], [6, 11], [7, 10], [7, 11]]]


def test_where_nothing_is_wanted_no_network_runs(monkeypatch):
    product = sentinel_like(48, 60)
    product.arrays[20][:, :, :20] = 0
    resolver = small_resolver(product.sensor, 20)
    seen = []
    forward = type(resolver).forward
    monkeypatch.setattr(
        type(resolver), "forward", lambda self, groups: (seen.append(1), forward(self, groups))[1]
    )
    found = sharpened(product, [resolver], tile_size=20)
    assert len(seen) == 3  # the third column of tiles
    assert (found[2, :, :40] == 0).all() and (found[2, :, 40:] > 0).all()


class Same(torch.nn.Module):
    """Gives back the coarse group."""

    receptive_radius = 0

    def forward(self, groups):
        return groups[-1] * 1.0


def test_values_stay_in_the_valid_range_and_never_become_nodata():
    product = sentinel_like(48, 60)
    resolver = SuperResolver(Same(), sensor="toy", bands=product.sensor.inputs_of(20), scale=SCALE)
    rows = product.arrays[20][0]
    rows[:8], rows[8:16], rows[16:] = 800, 1000, 1600
    assert set(np.unique(sharpened(product, [resolver])[2, ::10])) == {800, 1000, 1600}
    product.sensor.valid_range, product.sensor.nodata = (900.0, 1500.0), 0.0
    product.valid = lambda stored: stored > 0
    assert set(np.unique(sharpened(product, [resolver])[2, ::10])) == {900, 1000, 1500}
    product.sensor.nodata = 1000.0
    product.valid = lambda stored: stored > 0
    assert set(np.unique(sharpened(product, [resolver])[2, ::10])) == {900, 1001, 1500}


def test_numbers_are_in_the_convention_that_is_asked_for():
    plain, shifted = (
        sentinel_like(48, 60),
        sentinel_like(48, 60, offsets=dict.fromkeys(("F1", "F2", "M1", "C1"), -1000.0)),
    )
    shifted.arrays = {distance: array + 1000 for distance, array in shifted.arrays.items()}
    shifted.arrays[10][0, 0, 0] = 0
    resolver = small_resolver(plain.sensor, 20)
    expected = sharpened(plain, [resolver])
    harmonised = sharpened(shifted, [resolver], harmonised=True)
    stored = sharpened(shifted, [resolver])
    np.testing.assert_array_equal(stored[:2], shifted.arrays[10])
    assert harmonised[0, 0, 0] == 0
    far = np.s_[:, 20:, 20:]  # from the missing pixel
    np.testing.assert_array_equal(harmonised[far], expected[far])
    wanted = expected[far] > 1  # clipped there, where the shifted product has room
    np.testing.assert_array_equal(stored[far][wanted], expected[far][wanted] + 1000)


def test_bfloat16_is_near_float32_and_not_the_same():
    product = in_float(sentinel_like(48, 60))
    resolvers = [small_resolver(product.sensor, 20)]
    exact, rough = sharpened(product, resolvers), sharpened(product, resolvers, precision="bfloat16")
    np.testing.assert_array_equal(exact[:2], rough[:2])
    difference = np.abs(exact[2] - rough[2])
    assert 0 < difference.max() < 100 and difference.mean() < 50


def test_originals_can_be_left_out():
    product = sentinel_like(48, 60)
    resolvers = [small_resolver(product.sensor, 20)]
    both, alone = sharpened(product, resolvers), sharpened(product, resolvers, originals=False)
    np.testing.assert_array_equal(alone, both[2:])

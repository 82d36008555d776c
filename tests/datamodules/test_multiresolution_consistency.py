import numpy as np
import pytest

from datamodules.multiresolution_consistency import consistency_windows
from products.degradation import degrade
from tests.fakes.array_product import landsat_like, sentinel_like


def windows(products, target_m, **changes):
    return list(consistency_windows(products, target_m, **{"size": 36, "context": 6, "limit": 9, **changes}))


@pytest.mark.parametrize(("make", "target_m"), [(sentinel_like, 20), (sentinel_like, 60), (landsat_like, 30)])
def test_what_is_made_of_the_inputs_degrades_to_the_pixels_of_the_coarse_group(make, target_m):
    (found,) = windows([make()], target_m)
    options = {key: found[key] for key in ("row_offset", "column_offset")}
    degraded = degrade(found["inputs"][target_m], found["factor"], **options)
    assert degraded.shape == found["coarse"].shape == found["valid"].shape
    assert found["valid"].any() and not found["valid"].all()


def test_on_a_ramp_they_agree():
    """Also says that the offsets are right: half a pixel would be 12 numbers."""
    (found,) = windows([landsat_like()], 30)
    degraded = degrade(found["inputs"][30], 2, row_offset=0.5, column_offset=0.5)
    np.testing.assert_allclose(degraded[found["valid"]], found["coarse"][found["valid"]], atol=0.02)


def test_the_ring_ends_at_the_edge_of_the_scene():
    (found,) = windows([sentinel_like(36, 72)], 20)
    assert found["id"] == "scene#0,18,36,36"
    assert found["valid"][0, :, 3:-3].all()
    assert not found["valid"][0, :, :3].any() and not found["valid"][0, :, -3:].any()


def test_holes_of_any_group_do_not_count():
    product = sentinel_like(36, 36)
    product.arrays[10][0, 9, 9] = 0
    product.arrays[20][0, 12, 14] = 0
    (found,) = windows([product], 20)
    assert np.argwhere(~found["valid"][0]).tolist() == [[4, 4], [12, 14]]


def test_a_few_windows_are_spread_over_the_products():
    products = [sentinel_like(name=f"p{number}") for number in range(6)]
    assert [found["scene"] for found in windows(products, 20, limit=3)] == ["p0", "p2", "p4"]
    assert len(windows(products, 20)) == 6

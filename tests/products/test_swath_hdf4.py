from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from products.sensor import Sensor
from products.swath_hdf4 import Hdf4SwathReader
from products.swath_hdf5 import Hdf5SwathReader
from products.window import Window
from tests.fakes import swaths

TILE = "modis/MOD09GA.A2008296.h14v17.006.2015181011753.hdf"


def gridded_sensor():
    bands = {
        f"B{number}": {"ground_sample_distance_m": 500, "source": f"sur_refl_b0{number}"}
        for number in range(1, 8)
    }
    return Sensor(
        name="modis_grid", bands=bands, dtype="int16", nodata=-28672, valid_range=[-100, 16000], scale=1e-4,
        readers=[Hdf4SwathReader()],
    )  # fmt: skip


def test_content_counts_and_not_the_suffix(tmp_path):
    as_hdf4 = swaths.write(tmp_path, name="a.dat")
    as_hdf5 = swaths.write(tmp_path, name="b.hdf", hdf5=True)
    assert Hdf4SwathReader().recognises(as_hdf4)
    assert not Hdf4SwathReader().recognises(as_hdf5)
    assert Hdf5SwathReader().recognises(as_hdf5)
    assert not Hdf5SwathReader().recognises(as_hdf4)
    assert list(swaths.sensor("modis").open(as_hdf4).grids) == [250, 500, 1000]
    assert list(swaths.sensor("modis").open(as_hdf5).grids) == [250, 500, 1000]


@pytest.mark.real
def test_a_real_map_grid_is_read_by_a_sensor_of_its_own(real_data: Path):
    """MOD09GA of tile h14v17: the corner in Antarctica at 51 degrees west, 80 south, in 463.3 m pixels."""
    with gridded_sensor().open(real_data / TILE) as product:
        grid = product.grids[500]
        assert grid.shape == (2400, 2400)
        assert "sinusoidal" in grid.crs.lower()
        assert grid.transform == pytest.approx(
            (463.31271653, 0, -4447802.078667, 0, -463.31271653, -8895604.157333)
        )
        assert product.tags["PRODUCT"] == "MOD09GA"
        assert not product.scales
        assert product.geolocation(500, Window(0, 0, 2, 2)) is None
        pixels, valid = product.read_harmonised(500, Window(0, 2000, 400, 400))
        assert pixels.shape == (7, 400, 400)
        rows, columns = np.nonzero(valid[0])
        assert 0 < valid[0].mean() < 0.1
        assert rows.max() <= 96 and columns.min() + 2000 >= 2101
        assert 0.05 < np.median(pixels[0][valid[0]]) / 10000 < 1.2


@pytest.mark.real
def test_a_real_map_grid_is_no_swath(real_data: Path):
    with pytest.raises(
        UserError,
        match=r"found no '250m Surface Reflectance Band 1' .* gridded MOD09GA, expected .*of its own",
    ):
        swaths.sensor("modis").open(real_data / TILE)


@pytest.mark.real
def test_a_real_file_that_is_cut_off(real_data: Path, tmp_path: Path):
    content = (real_data / TILE).read_bytes()
    for share in (0.1, 0.5, 0.99):
        path = tmp_path / "MOD09GA.A2008296.h14v17.006.2015181011753.hdf"
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(UserError, match="bytes of an HDF4 file that is"):
            gridded_sensor().open(path)

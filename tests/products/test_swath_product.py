import pickle

import numpy as np
import pytest

from errors import UserError
from products.grid import GridRelation
from products.window import Window
from tests.fakes import swaths


@pytest.mark.parametrize("hdf5", [False, True])
@pytest.mark.parametrize("instrument", ["modis", "viirs"])
def test_every_band_is_read_by_window(tmp_path, instrument, hdf5):
    path = swaths.write(tmp_path, instrument, hdf5=hdf5)
    with swaths.sensor(instrument).open(path) as product:
        assert list(product.grids) == list(swaths.BANDS[instrument])
        assert product.name == path.stem
        assert product.synthetic
        assert not product.scales and not product.offsets
        assert product.tags["PLATFORM"] == {"modis": "Terra", "viirs": "Suomi NPP"}[instrument]
        copy = pickle.loads(pickle.dumps(product))
        for metres, grid in product.grids.items():
            assert (grid.crs, grid.transform) == ("", None)
            whole = swaths.reflectance(instrument, metres, 2, 64)
            assert grid.shape == whole.shape[1:]
            for reader in (product, copy):
                pixels = reader.read(metres, Window(5, 3, 12, 9))
                np.testing.assert_array_equal(pixels, whole[:, 5:17, 3:12])
                assert pixels.dtype == np.int16
        copy.close()


@pytest.mark.parametrize("special", [swaths.NODATA, -28671, -994, 16001, 32767])
def test_special_numbers_are_no_data(tmp_path, special):
    with swaths.sensor("viirs").open(swaths.write(tmp_path, "viirs", special=special)) as product:
        for metres in product.grids:
            pixels, valid = product.read_harmonised(metres, Window(0, 0, 8, 8))
            assert not valid[:, :4, :4].any()
            assert valid[:, 4:].all() and valid[:, :, 4:].all()
            assert not pixels[:, :4, :4].any()


def test_relations_nest_as_published_networks_take_them(tmp_path):
    path = swaths.write(tmp_path)
    nested = swaths.sensor("modis").open(path)
    assert [nested.relation(metres) for metres in (250, 500, 1000)] == [
        GridRelation(1),
        GridRelation(2),
        GridRelation(4),
    ]
    aligned = swaths.sensor("modis", first_samples_aligned=True).open(path)
    assert aligned.relation(500) == GridRelation(2, 0.0, -0.5)
    assert aligned.relation(1000) == GridRelation(4, 0.0, -1.5)


def test_aligned_relations_are_where_the_pixels_lie(tmp_path):
    """The centre of coarse column j is fine column factor * j + (factor - 1) / 2 + offset."""
    product = swaths.sensor("modis", first_samples_aligned=True).open(swaths.write(tmp_path))
    fine = product.geolocation(250, Window(0, 0, 40, 64))
    for metres in (500, 1000):
        relation = product.relation(metres)
        coarse = product.geolocation(metres, Window(0, 0, 10, 10))
        column = relation.factor * 3 + (relation.factor - 1) / 2 + relation.column_offset
        assert column == int(column)
        rows = fine.longitude[: 2 * relation.factor, int(column)].reshape(2, -1)
        np.testing.assert_allclose(coarse.longitude[:2, 3], rows.mean(1), atol=1e-5)


def test_a_missing_band_is_named(tmp_path):
    path = swaths.write(tmp_path, without=["500m Surface Reflectance Band 6"])
    with pytest.raises(
        UserError,
        match=r"found no '500m Surface Reflectance Band 6' \(500_B6\) among the 28 fields of this MOD09",
    ):
        swaths.sensor("modis").open(path)


def test_a_product_of_another_instrument_is_refused(tmp_path):
    path = swaths.write(tmp_path, "viirs")
    with pytest.raises(
        UserError,
        match=r"found no '250m Surface Reflectance Band 1' .*and 1 more bands.* of this VNP09, expected a product of MODIS",
    ):
        swaths.sensor("modis").open(path)


def test_a_group_that_is_wholly_absent_is_no_fault(tmp_path):
    path = swaths.write(tmp_path, without=swaths.BANDS["modis"][1000])
    assert list(swaths.sensor("modis").open(path).grids) == [250, 500]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda pixels: pixels[:, :60],
            r"found 32 x 32 pixels of 750 m beside 64 x 60 of 375 m, expected 1/2",
        ),
        (
            lambda pixels: pixels.astype("float32"),
            r"'375m Surface Reflectance Band I1' holds float32, expected int16",
        ),
    ],
)
def test_sizes_and_types_must_fit(tmp_path, change, message):
    arrays = {
        name: change(pixels) if metres == 375 else pixels
        for metres in (375, 750)
        for name, pixels in zip(
            swaths.BANDS["viirs"][metres], swaths.reflectance("viirs", metres, 2, 64), strict=True
        )
    }
    path = swaths.write_hdf4(tmp_path / "a.hdf", arrays, {})
    with pytest.raises(UserError, match=message):
        swaths.sensor("viirs").open(path)


def test_one_band_of_another_size_is_named(tmp_path):
    arrays = {
        name: pixels
        for metres in (375, 750)
        for name, pixels in zip(
            swaths.BANDS["viirs"][metres], swaths.reflectance("viirs", metres, 2, 64), strict=True
        )
    }
    arrays["375m Surface Reflectance Band I3"] = arrays["375m Surface Reflectance Band I3"][:40]
    with pytest.raises(
        UserError, match=r"Band I3' has 40 x 64 pixels, expected 64 x 64 as its grid of 375 m has"
    ):
        swaths.sensor("viirs").open(swaths.write_hdf4(tmp_path / "a.hdf", arrays, {}))


@pytest.mark.parametrize(
    ("factor", "shift", "scale", "offset"),
    [
        (10000.0, 0.0, None, None),
        (1e-4, 0.0, None, None),
        (20000.0, 10.0, 5e-5, -10.0),
        (2e-4, 0.02, 2e-4, 100.0),
    ],
)
def test_calibration_by_both_conventions(tmp_path, factor, shift, scale, offset):
    from pyhdf.SD import SD, SDC

    path = swaths.write(tmp_path, "viirs")
    file = SD(str(path), SDC.WRITE)
    data = file.select("750m Surface Reflectance Band M7")
    data.scale_factor, data.add_offset = factor, shift
    data.endaccess()
    file.end()
    product = swaths.sensor("viirs").open(path)
    assert product.scales == ({} if scale is None else {"M7": pytest.approx(scale)})
    assert product.offsets == ({} if offset is None else {"M7": pytest.approx(offset)})

import shutil

import numpy as np
import pytest

from errors import UserError
from tests.fakes import slstr


@pytest.fixture(scope="module")
def cloud():
    return slstr.clouds(60, 76, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cloud):
    return slstr.write(tmp_path_factory.mktemp("slstr"), bands=(), cloud=cloud)


@pytest.fixture
def product(folder):
    return slstr.reader().open(folder)


def test_the_summary_is_the_mask_on_the_radiances_own_grid(product, cloud):
    mask = product.cloud_mask()
    np.testing.assert_array_equal(mask[:, 4:], cloud[:, 4:])
    assert mask.dtype == bool
    assert not mask[:, :4].any()  # unfilled


def test_masks_of_named_tests_and_of_several(product, cloud):
    even = cloud & (np.arange(60) % 2 == 0)[:, None]
    np.testing.assert_array_equal(product.cloud_mask(["thin_cirrus"])[:, 4:], even[:, 4:])
    np.testing.assert_array_equal(product.cloud_mask("thin_cirrus"), product.cloud_mask(["thin_cirrus"]))
    np.testing.assert_array_equal(product.cloud_mask(["thin_cirrus", "gross_cloud"])[:, 4:], cloud[:, 4:])
    np.testing.assert_array_equal(product.cloud_mask("cloud"), product.cloud_mask("summary"))
    np.testing.assert_array_equal(
        product.cloud_mask(["single_low", "thin_cirrus"]), product.cloud_mask(["thin_cirrus"])
    )


def test_flags_of_the_kilometre_grid_are_laid_over_by_offsets(product):
    coarse = product.cloud_mask("bayes", "in")
    laid = product.cloud_mask("bayes", "an")
    # 500 m rows 1 and 2 lie in 1 km row 0: the first row of stripe A has an odd number.
    np.testing.assert_array_equal(laid[1::2], np.repeat(coarse, 2, axis=1))
    np.testing.assert_array_equal(laid[2::2], np.repeat(coarse[:-1], 2, axis=1))
    np.testing.assert_array_equal(laid[0], np.repeat(coarse[0], 2))


def test_the_kilometre_mask_agrees_with_the_fine_one_where_clouds_are_large(tmp_path):
    cloud = np.zeros((60, 76), bool)
    cloud[20:41, 30:50] = True
    product = slstr.reader().open(slstr.write(tmp_path, bands=(), cloud=cloud))
    differs = product.cloud_mask("bayes") != product.cloud_mask("summary")
    assert differs.sum() <= 21 + 20  # less than a row and a column: no shift


def test_flags_on_the_kilometre_grid_serve_a_product_that_has_no_others(folder, tmp_path, product):
    copy = tmp_path / slstr.NAME
    shutil.copytree(folder, copy)
    (copy / "flags_an.nc").unlink()
    partial = slstr.reader().open(copy)
    assert (partial.cloud_mask() != product.cloud_mask()).mean() < 0.1
    assert partial.valid().mean() == pytest.approx(product.valid().mean(), abs=0.02)


def test_an_unpopulated_flag_is_refused_with_the_way_out(tmp_path):
    product = slstr.reader().open(slstr.write(tmp_path, bands=(), bayes="unpopulated"))
    with pytest.raises(
        UserError, match=r"'bayes_in': found it unpopulated \(all pixels are 255\).*generator\.bits=summary"
    ):
        product.cloud_mask("bayes")
    with pytest.raises(UserError, match="unpopulated"):
        product.cloud_mask(["single_moderate"])
    assert not product.cloud_mask_known("bayes").any()
    assert product.cloud_mask_known("summary").all()


def test_flags_that_are_populated_on_the_kilometre_grid_only_are_taken_from_there(tmp_path, cloud):
    folder = slstr.write(tmp_path, bands=(), cloud=cloud)
    expected = slstr.reader().open(folder).cloud_mask("bayes")
    (folder / "flags_an.nc").unlink()
    filled = np.ones(cloud.shape, bool)
    variables = slstr.flag_variables("an", cloud, filled, filled, bayes="unpopulated")
    slstr.write_file(
        folder / "flags_an.nc",
        variables,
        {"start_offset": 109763, "track_offset": 50, "resolution": "[ 500 500 ]"},
    )
    product = slstr.reader().open(folder)
    np.testing.assert_array_equal(product.cloud_mask("bayes"), expected)
    assert product.cloud_mask_known("bayes").all()


def test_flags_in_the_other_byte_order(tmp_path, cloud):
    folder = slstr.write(tmp_path, bands=(), cloud=cloud)
    (folder / "flags_an.nc").unlink()
    filled = np.ones(cloud.shape, bool)
    variables = slstr.flag_variables("an", cloud, filled, filled)
    turned = {
        name: (array.astype(array.dtype.newbyteorder(">")), own) for name, (array, own) in variables.items()
    }
    slstr.write_file(folder / "flags_an.nc", turned, {"resolution": "[ 500 500 ]"})
    np.testing.assert_array_equal(slstr.reader().open(folder).cloud_mask(), cloud)


def test_an_absent_flag_is_refused_with_the_way_out(tmp_path):
    product = slstr.reader().open(slstr.write(tmp_path, bands=(), bayes=None))
    with pytest.raises(
        UserError, match=r"found no 'bayes' in flags_an\.nc and flags_in\.nc.*generator\.bits=summary"
    ):
        product.cloud_mask("bayes")


def test_an_unknown_name_is_refused_with_those_that_are_there(product):
    with pytest.raises(
        UserError, match=r"bits: found 'clouds', .*expected some of summary, bayes, cloud, single_low, "
    ):
        product.cloud_mask(["gross_cloud", "clouds"])
    with pytest.raises(UserError, match="bits: found none"):
        product.cloud_mask([])


def test_missing_empty_and_misfitting_files_are_named(folder, tmp_path):
    cases = {
        r"found no flags_an\.nc, expected it for the flags": {"without": ("flags_an.nc", "flags_in.nc")},
        r"flags_an\.nc: found no variables": {"empty": ("flags_an.nc",)},
        r"flags_an\.nc: found 58 x 76 pixels, expected 60 x 76 as S1_radiance_an\.nc": {"flags_rows": 58},
    }
    for number, (said, options) in enumerate(cases.items()):
        product = slstr.reader().open(slstr.write(tmp_path / str(number), bands=("S1",), **options))
        with pytest.raises(UserError, match=said):
            product.radiance("S1")
            product.cloud_mask()


def test_unfilled_pixels_are_not_valid(product):
    valid = product.valid()
    assert not valid[:, :4].any()
    assert valid[:, 4:].all()
    assert product.valid("in").shape == (30, 38)


def test_flags_are_read_once_and_forgotten_when_closed(product):
    first = product.flags("confidence")
    assert product.flags("confidence") is first
    product.close()
    assert product.flags("confidence") is not first

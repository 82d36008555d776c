from inference.super_resolution_output import output_bands, output_metadata, provenance
from products.window import Window
from tests.fakes.array_product import landsat_like, sentinel_like
from tests.fakes.small_resolvers import small_resolver


def test_bands_are_originals_then_sharpened_ones_by_grid():
    product = sentinel_like()
    names = [band.name for band in output_bands(product, [20, 60], originals=True, harmonised=False)]
    assert names == ["F1", "F2", "SRM1", "SRC1"]
    names = [band.label for band in output_bands(product, [60], originals=False, harmonised=False)]
    assert names == ["SRC1"]


def test_scale_and_offset_give_the_physical_value_in_either_convention():
    product = sentinel_like(offsets={"F1": -1000.0, "M1": -500.0}, scales={"M1": 2e-4})
    product.sensor.scale, product.sensor.offset = 1e-4, 7.0
    product.physical_offsets = {"M1": 1.0}
    bands = output_bands(product, [20], originals=True, harmonised=False)
    assert [(band.scale, band.offset) for band in bands] == [(1e-4, 6.9), (1e-4, 7.0), (2e-4, 0.9)]
    bands = output_bands(product, [20], originals=True, harmonised=True)
    assert [(band.scale, band.offset) for band in bands] == [(1e-4, 7.0), (1e-4, 7.0), (2e-4, 1.0)]


def test_a_window_lies_where_its_first_pixel_does():
    product = landsat_like(tags={"LEVEL": "L1TP"})
    metadata = output_metadata(
        product, Window(4, 3, 10, 10), output_bands(product, [30], originals=True, harmonised=False)
    )
    assert metadata.transform == (15.0, 0.0, 45.0, 0.0, -15.0, -60.0)
    assert metadata.crs == product.grids[15].crs and metadata.tags == {"LEVEL": "L1TP"}
    assert metadata.bands == ("P", "SRA", "SRB") and metadata.dtype == "uint16" and metadata.nodata == 0


def test_provenance_says_what_was_made_from_what():
    product = sentinel_like(offsets={"F1": -1000.0, "F2": -1000.0, "M1": -1000.0})
    network = small_resolver(product.sensor, 20, scale=65535, offset=-1, source="published")
    tags = provenance(product, [network], Window(0, 6, 12, 18), harmonised=True, precision="bfloat16")
    assert tags["NADIR_RADIOMETRIC_OFFSET"] == "F1 -1000, F2 -1000, M1 -1000, C1 0"
    assert tags["NADIR_DIGITAL_NUMBERS"] == "harmonised" and tags["NADIR_PRECISION"] == "bfloat16"
    assert tags["NADIR_NORMALISATION_20M"] == "(x -1) / 65535" and tags["NADIR_WEIGHTS_20M"] == "published"
    assert tags["NADIR_WINDOW"] == "0,6,12,18" and "NADIR_SYNTHETIC" not in tags
    assert "NADIR_SYNTHETIC" in provenance(sentinel_like(synthetic=True), [network], Window(0, 0, 6, 6),
                                           harmonised=False, precision="float32")  # fmt: skip

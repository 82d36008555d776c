"""SLSTR Level-1 products (SL_1_RBT) of some pixels: true netCDF-4 files with the real names, attributes, scales and fills.

Nothing here was measured. Grids lie on each other as in a real product of Sentinel-3B: the first row of stripe A has
an odd number, so the 1 km rows are one 500 m row off. Sizes are free; real ones are 2400 x 3000 and 1200 x 1500.
"""

import zipfile
from functools import cache
from pathlib import Path

import h5netcdf
import numpy as np
from hydra.utils import instantiate
from omegaconf import OmegaConf
from scipy.ndimage import gaussian_filter

CONF = Path(__file__).resolve().parents[2] / "conf" / "sensor" / "slstr.yaml"
NAME = "S3B_SL_1_RBT____20230908T093409_20230908T093709_20230909T050257_0179_083_364_2160_PS2_O_NT_004.SEN3"
OTHER = "S3A_SL_1_RBT____20170315T113420_20170315T113720_20170315T135348_0179_015_237_1439_SVL_O_NR_002.SEN3"
SCALES = {"S1": 0.01785, "S2": 0.0145, "S3": 0.009, "S4": 0.003452, "S5": 0.002258, "S6": 0.000742}
IRRADIANCE = {"S1": 1858.954, "S2": 1538.219, "S3": 968.199, "S4": 366.0, "S5": 248.214, "S6": 78.0}
OCEAN = {"S1": 0.08, "S2": 0.05, "S3": 0.03, "S4": 0.002, "S5": 0.02, "S6": 0.01}
CLOUD = {"S1": 0.7, "S2": 0.68, "S3": 0.66, "S4": 0.1, "S5": 0.45, "S6": 0.3}
FILL = -32768
CLOUD_BITS = (
    "visible 1.37_threshold 1.6_small_histogram 1.6_large_histogram 2.25_small_histogram 2.25_large_histogram "
    "11_spatial_coherence gross_cloud thin_cirrus medium_high fog_low_stratus 11_12_view_difference "
    "3.7_11_view_difference thermal_histogram spare spare"
)
CONFIDENCE_BITS = (
    "coastline ocean tidal land inland_water unfilled spare spare cosmetic duplicate day twilight sun_glint snow "
    "summary_cloud summary_pointing"
)
BAYES_BITS = "single_low single_moderate dual_low dual_moderate spare spare spare spare"
OCEAN_BIT, UNFILLED, DAY, SUMMARY = 2, 32, 1024, 16384


def reader(**changes):
    """The reader of the catalogue, with other arguments for some."""
    return instantiate(OmegaConf.merge(_config(), changes)) if changes else _reader()


@cache
def _config():
    return OmegaConf.load(CONF)


@cache
def _reader():
    return instantiate(_config())  # it keeps nothing of what it opens


def clouds(rows=60, columns=76, seed=0, cover=0.5):
    """A cloud mask (rows, columns) bool of soft blobs, `cover` of it cloudy."""
    noise = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    field = gaussian_filter(noise, max(rows, columns) / 20)
    return field > np.quantile(field, 1 - cover)


def write(
    folder, *, name=NAME, rows=60, columns=76, seed=0, cover=0.5, cloud=None, zenith=(30.0, 40.0), unfilled=4,
    bands=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "F1", "F2"), bayes="populated", without=(),
    empty=(), start_offset=54882, equal_start_offsets=False, flags_rows=None, fire_grid="fn",
):  # fmt: skip
    """A product; returns its SEN3 folder.

    Args:
        rows, columns: of the 500 m grid, even numbers.
        cloud: (rows, columns) bool; None: `clouds(rows, columns, seed, cover)`.
        zenith: of the sun in degrees at the first and last 1 km row; across track it grows by 0.02 a km.
        unfilled: columns at the left of the 500 m grid without measurements.
        bayes: "populated", "unpopulated" (255 everywhere) or None: the variable is absent.
        without: files that are left out.
        empty: files with attributes and no variables.
        flags_rows: rows of `flags_an.nc`, where they shall differ.
        fire_grid: of F1; "in" in old collections.
    """
    product = Path(folder) / name
    product.mkdir(parents=True)
    cloud = clouds(rows, columns, seed, cover) if cloud is None else np.asarray(cloud, bool)
    shapes = {"an": (rows, columns), "in": (rows // 2, columns // 2), "fn": (rows // 2, columns // 2)}
    tie_columns = columns // 32 + 6
    shapes["tn"] = shapes["tx"] = (rows // 2, tie_columns)
    tracks = {
        "an": columns * 2 // 3,
        "in": columns // 3,
        "fn": columns // 3,
        "tn": tie_columns // 2,
        "tx": tie_columns // 2,
    }
    starts = dict.fromkeys(shapes, start_offset)
    if not equal_start_offsets:
        starts["an"] = 2 * start_offset - 1
    steps = {"a": "[ 500 500 ]", "i": "[ 1000 1000 ]", "f": "[ 1000 1000 ]", "t": "[ 16000 1000 ]"}
    coarse = _coarse(cloud, shapes["in"], 0 if equal_start_offsets else 1)
    filled = np.ones(shapes["an"], bool)
    filled[:, :unfilled] = False
    filled_coarse = filled[::2, ::2]
    angles = zenith_at(shapes["tn"], zenith, tracks["tn"], 16.0)
    needed = (np.array([0, columns - 1]) - tracks["an"]) / 32 + tracks["tn"]
    known = np.arange(tie_columns)
    angles[:, (known < np.floor(needed[0])) | (known > np.floor(needed[1]))] = (
        np.nan
    )  # the last cell is open to the right

    def put(file, suffix, variables):
        if file in without:
            return
        attributes = {
            "absolute_orbit_number": np.uint32(27971), "product_name": name, "resolution": steps[suffix[0]],
            "start_offset": np.int32(starts[suffix]), "track_offset": np.int32(tracks[suffix]),
            "institution": "PS2", "source": "IPF-SL-1 06.18", "title": f"SLSTR Level 1 {file}",
            "start_time": "2023-09-08T09:34:09.049742Z", "stop_time": "2023-09-08T09:37:09.049742Z",
        }  # fmt: skip
        write_file(product / file, {} if file in empty else variables, attributes)

    sun = np.cos(np.radians(angles_on("an", shapes["an"], zenith, tracks, starts)))
    rng = np.random.default_rng(seed + 1)
    for band in bands:
        if band in SCALES:
            ground = np.where(cloud, CLOUD[band], OCEAN[band]) * rng.uniform(0.9, 1.1, cloud.shape)
            radiance = np.where(filled, ground * IRRADIANCE[band] * sun / np.pi, np.nan)
            attributes = {"scale_factor": SCALES[band], "add_offset": 0.0, "units": "mW.m-2.sr-1.nm-1"}
            put(f"{band}_radiance_an.nc", "an", {
                f"{band}_radiance_an": packed(radiance, SCALES[band], 0.0, attributes),
                f"{band}_exception_an": (np.where(filled, 0, 128).astype("u1"), {}),
                f"{band}_radiance_orphan_an": packed(radiance[:, :3], SCALES[band], 0.0, attributes),
            })  # fmt: skip
            put(f"{band}_quality_an.nc", "an", {
                f"{band}_solar_irradiance_an": (np.full(4, IRRADIANCE[band], "f4"), {"units": "mW m^-2 nm^-1"}),
            })  # fmt: skip
        else:
            suffix = fire_grid if band == "F1" else "in"
            kelvin = np.where(
                filled_coarse, np.where(coarse, 250.0, 290.0) + rng.normal(0, 0.5, coarse.shape), np.nan
            )
            attributes = {"scale_factor": 0.01, "add_offset": 283.73, "units": "K"}
            put(
                f"{band}_BT_{suffix}.nc",
                suffix,
                {f"{band}_BT_{suffix}": packed(kelvin, 0.01, 283.73, attributes)},
            )
    day = angles_on("an", shapes["an"], zenith, tracks, starts) < 90
    day_coarse = angles_on("in", shapes["in"], zenith, tracks, starts) < 90
    images = {
        "an": [cloud & filled, filled, day],
        "in": [coarse & filled_coarse, filled_coarse, day_coarse],
    }
    for suffix, arrays in images.items():
        shown = arrays
        if suffix == "an" and flags_rows is not None:
            shown = [np.resize(array, (flags_rows, columns)) for array in arrays]
        flags = flag_variables(suffix, *shown, bayes=bayes if suffix == "in" else None)
        put(f"flags_{suffix}.nc", suffix, flags)
        step = 0.5 if suffix == "an" else 1.0
        longitude, latitude = place(
            shapes[suffix], tracks[suffix], step, step, _first_row(suffix, starts, step)
        )
        degrees = {"scale_factor": 1e-6, "add_offset": 0.0}
        variables = {
            f"latitude_{suffix}": packed(latitude, 1e-6, 0.0, degrees, "i4"),
            f"longitude_{suffix}": packed(longitude, 1e-6, 0.0, degrees, "i4"),
        }
        put(f"geodetic_{suffix}.nc", suffix, variables)
    longitude, latitude = place(shapes["tx"], tracks["tx"], 16.0, 1.0)
    put("geodetic_tx.nc", "tx", {"latitude_tx": (latitude, {}), "longitude_tx": (longitude, {})})
    put("geometry_tn.nc", "tn", {"solar_zenith_tn": (angles.astype("f4"), {"units": "degrees"})})
    if "xfdumanifest.xml" not in without:
        (product / "xfdumanifest.xml").write_text(manifest(name, 100 * cloud.mean()), encoding="utf-8")
    return product


def flag_variables(suffix, cloud, filled, day, bayes=None):
    """Variables of `flags_<suffix>.nc` for a mask: gross_cloud and thin_cirrus (on even rows) where there is cloud."""
    tests = np.where(cloud, 128, 0) | np.where(cloud & (np.arange(len(cloud)) % 2 == 0)[:, None], 256, 0)
    confidence = np.where(filled, OCEAN_BIT | np.where(day, DAY, 2048), UNFILLED) | np.where(
        cloud, SUMMARY, 0
    )
    masks = {"flag_masks": np.array([1 << bit for bit in range(16)], "u2")}
    variables = {
        f"cloud_{suffix}": (tests.astype("u2"), {"flag_meanings": CLOUD_BITS, **masks}),
        f"confidence_{suffix}": (confidence.astype("u2"), {"flag_meanings": CONFIDENCE_BITS, **masks}),
        f"confidence_orphan_{suffix}": (
            confidence[:, :3].astype("u2"),
            {"flag_meanings": CONFIDENCE_BITS, **masks},
        ),
        f"pointing_{suffix}": (np.zeros(cloud.shape, "u1"), {}),
    }
    if bayes:
        values = np.where(cloud, 2, 0) if bayes == "populated" else np.full(cloud.shape, 255)
        masks = {"flag_masks": np.array([1 << bit for bit in range(8)], "u1")}
        variables[f"bayes_{suffix}"] = (values.astype("u1"), {"flag_meanings": BAYES_BITS, **masks})
    return variables


def write_file(path, variables, attributes):
    """A netCDF-4 file: {name: (array, attributes)}, compressed as real ones are."""
    with h5netcdf.File(path, "w") as file:
        for name, value in attributes.items():
            file.attrs[name] = value
        for name, (array, given) in variables.items():
            own = dict(given)
            sizes = (
                ("detectors",)
                if array.ndim == 1
                else ("rows", "orphan_pixels" if "orphan" in name else "columns")
            )
            for dimension, size in zip(sizes, array.shape, strict=True):
                if dimension not in file.dimensions:
                    file.dimensions[dimension] = size
            variable = file.create_variable(
                name,
                sizes,
                array.dtype,
                fillvalue=own.pop("_FillValue", None),
                compression="gzip",
                compression_opts=4,
            )
            variable[...] = array
            for key, value in own.items():
                variable.attrs[key] = value


def packed(values, scale, offset, attributes, dtype="i2"):
    """An array and its attributes as a file stores it: scaled integers, the lowest one where it is NaN."""
    lowest = np.iinfo(dtype).min
    numbers = np.where(np.isnan(values), lowest, np.rint((np.nan_to_num(values) - offset) / scale))
    return numbers.astype(dtype), {"_FillValue": np.dtype(dtype).type(lowest), **attributes}


def zenith_at(shape, zenith, track, step_km, row_step=1.0, first_row=0.0):
    """Sun zenith (h, w) in degrees at the pixels of a grid whose column `track` is the ground track."""
    rows = first_row + np.arange(shape[0]) * row_step  # in 1 km rows
    along = zenith[0] + (zenith[1] - zenith[0]) * rows / max(round(shape[0] * row_step) - 1, 1)
    return along[:, None] + 0.02 * (np.arange(shape[1]) - track)[None] * step_km


def angles_on(suffix, shape, zenith, tracks, starts):
    """The true sun zenith on an image grid, (h, w) float64 degrees."""
    step = 0.5 if suffix == "an" else 1.0
    return zenith_at(shape, zenith, tracks[suffix], step, step, _first_row(suffix, starts, step))


def place(shape, track, column_km, row_km, first_row=0.0):
    """Longitude and latitude (h, w) of a grid around the date line; `first_row` in 1 km rows."""
    rows = first_row + np.arange(shape[0]) * row_km
    latitude = 10.0 - rows[:, None] / 111.0 + np.zeros(shape)
    longitude = 179.9 + (np.arange(shape[1]) - track)[None] * column_km / 111.0 + np.zeros(shape)
    return (longitude + 180) % 360 - 180, latitude


def _first_row(suffix, starts, step):
    return 0.0 if starts[suffix] == starts["tn"] else starts[suffix] * step - starts["tn"]


def manifest(name, cloudy):
    """An `xfdumanifest.xml` in the real structure."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" xmlns:sentinel3="http://www.esa.int/safe/sentinel/sentinel-3/1.0" xmlns:slstr="http://www.esa.int/safe/sentinel/sentinel-3/slstr/1.0">
  <metadataSection>
    <sentinel3:productName>{name}</sentinel3:productName>
    <sentinel3:processingBaseline>SL__L1_.004.06.00</sentinel3:processingBaseline>
    <slstr:classificationSummary grid="1 km"><sentinel3:cloudyPixels percentage="{cloudy:.6f}"/></slstr:classificationSummary>
    <slstr:classificationSummary grid="0.5 km stripe A"><sentinel3:cloudyPixels percentage="{cloudy:.6f}"/></slstr:classificationSummary>
  </metadataSection>
</xfdu:XFDU>
"""


def zipped(product, archive=None, compression=zipfile.ZIP_DEFLATED):
    """The product as a zip archive beside it; returns its path."""
    archive = archive or product.with_name(f"{product.name}.zip")
    with zipfile.ZipFile(archive, "w", compression) as target:
        for file in sorted(product.iterdir()):
            target.write(file, f"{product.name}/{file.name}")
    return archive


def _coarse(mask, shape, row_shift):
    """A mask on the 1 km grid: that of the 500 m pixel in the middle, rows shifted as the start offsets say."""
    rows = np.clip(2 * np.arange(shape[0]) + row_shift, 0, mask.shape[0] - 1)
    return mask[np.ix_(rows, 2 * np.arange(shape[1]))]

"""Landsat products in their true on-disk format, made up: GeoTIFFs whose pan grid begins half a pixel earlier, and an MTL.

Layouts: `pre_collection`, `collection_1`, `collection_2` (Level-1) and `level_2`.
"""

import json
import tarfile
import zipfile
from pathlib import Path

import yaml
from hydra.utils import instantiate

from tests.fakes.raster_folder import noise, write_raster

CONF = Path(__file__).resolve().parents[2] / "conf" / "sensor"
IDENTIFIERS = {
    "pre_collection": "LC80200392015216LGN00",
    "collection_1": "LC08_L1TP_020039_20150804_20170406_01_T1",
    "collection_2": "LC09_L1TP_020039_20220804_20230406_02_T1",
    "level_2": "LC08_L2SP_020039_20150804_20200908_02_T1",
}
LEFT, TOP, EPSG = 452475.0, 3408645.0, 32616  # of the 30 m grid


def sensor(name="landsat8"):
    return instantiate(yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8")))


def bands(layout):
    """Name of each band in the file names."""
    if layout == "level_2":
        return [*(f"SR_B{n}" for n in range(1, 8)), "ST_B10"]
    return [f"B{n}" for n in range(1, 12)]


def groups(layout, identifier, *, spacecraft="LANDSAT_8", level=None):
    """The metadata as {group: {key: value}}."""
    files = {
        f"FILE_NAME_BAND_{b if b.startswith('ST') else b.removeprefix('SR_').removeprefix('B')}": f"{identifier}_{b}.TIF"
        for b in bands(layout)
    }
    image = {"SPACECRAFT_ID": spacecraft, "SENSOR_ID": "OLI_TIRS", "DATE_ACQUIRED": "2015-08-04"}
    sun = {"CLOUD_COVER": "11.08", "SUN_AZIMUTH": "115.87210674", "SUN_ELEVATION": "64.74360932"}
    level_1 = {}
    for n in range(1, 12):
        level_1[f"RADIANCE_MULT_BAND_{n}"] = "1.2198E-02" if n < 10 else "3.3420E-04"
        level_1[f"RADIANCE_ADD_BAND_{n}"] = "-60.99049" if n < 10 else "0.10000"
        if n < 10:
            level_1[f"REFLECTANCE_MULT_BAND_{n}"] = "2.0000E-05"
            level_1[f"REFLECTANCE_ADD_BAND_{n}"] = "-0.100000"
    thermal = {"K1_CONSTANT_BAND_10": "774.8853", "K2_CONSTANT_BAND_10": "1321.0789"}
    if layout in ("pre_collection", "collection_1"):
        info = {"LANDSAT_SCENE_ID": "LC80200392015216LGN00"}
        if layout == "collection_1":
            info |= {"LANDSAT_PRODUCT_ID": identifier, "COLLECTION_NUMBER": "01"}
        files["FILE_NAME_BAND_QUALITY"] = f"{identifier}_BQA.TIF"
        level = level or ("L1T" if layout == "pre_collection" else "L1TP")
        return {
            "METADATA_FILE_INFO": info,
            "PRODUCT_METADATA": {"DATA_TYPE": level, **image, **files},
            "IMAGE_ATTRIBUTES": sun,
            "RADIOMETRIC_RESCALING": level_1,
            "TIRS_THERMAL_CONSTANTS": thermal,
        }
    level = level or ("L2SP" if layout == "level_2" else "L1TP")
    found = {
        "PRODUCT_CONTENTS": {
            "LANDSAT_PRODUCT_ID": identifier,
            "PROCESSING_LEVEL": level,
            "COLLECTION_NUMBER": "02",
            "COLLECTION_CATEGORY": "T1",
            **files,
            "FILE_NAME_QUALITY_L1_PIXEL": f"{identifier}_QA_PIXEL.TIF",
        },
        "IMAGE_ATTRIBUTES": {**image, **sun},
    }
    if layout == "level_2":
        reflectance = {}
        for n in range(1, 8):
            reflectance |= {f"REFLECTANCE_MULT_BAND_{n}": "2.75e-05", f"REFLECTANCE_ADD_BAND_{n}": "-0.2"}
        found["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"] = reflectance
        found["LEVEL2_SURFACE_TEMPERATURE_PARAMETERS"] = {
            "TEMPERATURE_MULT_BAND_ST_B10": "0.00341802",
            "TEMPERATURE_ADD_BAND_ST_B10": "149.0",
        }
    # Real products record here what they were made from, under the same keys.
    origin = identifier.replace("L2SP", "L1TP")
    found["LEVEL1_PROCESSING_RECORD"] = {
        "LANDSAT_SCENE_ID": "LC80200392015216LGN00",
        "LANDSAT_PRODUCT_ID": origin,
        "PROCESSING_LEVEL": "L1TP",
        **{f"FILE_NAME_BAND_{n}": f"{origin}_B{n}.TIF" for n in range(1, 12)},
    }
    found["LEVEL1_RADIOMETRIC_RESCALING"] = level_1
    found["LEVEL1_THERMAL_CONSTANTS"] = thermal
    return found


def root_of(layout):
    return "L1_METADATA_FILE" if layout in ("pre_collection", "collection_1") else "LANDSAT_METADATA_FILE"


def text(layout, content):
    """An MTL file as text."""
    lines = [f"GROUP = {root_of(layout)}"]
    for group, entries in content.items():
        lines.append(f"  GROUP = {group}")
        for key, value in entries.items():
            plain = value.replace(".", "").replace("-", "").replace("E", "").replace("e", "").isdigit()
            lines.append(f"    {key} = {value if plain else chr(34) + value + chr(34)}")
        lines.append(f"  END_GROUP = {group}")
    return "\n".join([*lines, f"END_GROUP = {root_of(layout)}", "END", ""])


def xml(layout, content):
    """The same as XML."""
    inner = "".join(
        f"<{group}>" + "".join(f"<{key}>{value}</{key}>" for key, value in entries.items()) + f"</{group}>"
        for group, entries in content.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root_of(layout)}>{inner}</{root_of(layout)}>'


def json_text(layout, content):
    """The same as JSON."""
    return json.dumps({root_of(layout): content})


def product(folder, layout="collection_2", *, rows=20, columns=24, pan=(41, 48), quality=None, **facts):
    """A product folder; returns it and the pixels by band name. Odd pan sizes are what real products have."""
    identifier = IDENTIFIERS[layout]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pixels = {}
    for seed, band in enumerate(bands(layout)):
        if band == "B8":
            place = {"pixel_m": 15, "left": LEFT - 7.5, "top": TOP + 7.5}
            pixels[band] = noise(seed, *pan, low=5000, high=20000)
        else:
            place = {"pixel_m": 30, "left": LEFT, "top": TOP}
            pixels[band] = noise(seed, rows, columns, low=5000, high=20000)
        write_raster(folder / f"{identifier}_{band}.TIF", pixels[band], epsg=EPSG, **place)
    if quality is not None:
        ending = "BQA" if root_of(layout) == "L1_METADATA_FILE" else "QA_PIXEL"
        file = folder / f"{identifier}_{ending}.TIF"
        write_raster(file, quality.astype("uint16"), epsg=EPSG, pixel_m=30, left=LEFT, top=TOP)
    content = groups(layout, identifier, **facts)
    (folder / f"{identifier}_MTL.txt").write_text(text(layout, content), encoding="utf-8")
    return folder, pixels


def packed(folder, path):
    """A product folder as an archive by the suffix of `path`: .tar and .tar.gz flat as USGS packs them, .zip in a folder."""
    path, files = Path(path), sorted(Path(folder).iterdir())
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, f"{Path(folder).name}/{file.name}")
    else:
        with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
            for file in files:
                archive.add(file, file.name)
    return path

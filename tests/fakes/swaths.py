"""Small swaths of MODIS and VIIRS in the true on-disk formats: HDF4 by pyhdf, HDF5 by h5py."""

from pathlib import Path

import h5py
import hydra
import numpy as np
from omegaconf import OmegaConf

CONF = Path(__file__).resolve().parents[2] / "conf" / "sensor"
NODATA = -28672
NAMES = {
    "modis": "MOD09.A2019021.0040.006.2019023021045.hdf",
    "viirs": "VNP09.A2019021.0048.001.2019022071245.hdf",
}
COMPANIONS = {
    "modis": "MOD03.A2019021.0040.061.2019021065712.hdf",
    "viirs": "VNP03IMG.A2019021.0048.002.2019021101530.nc",
}
# By instrument: ground sample distance -> names of the data sets; ground of a scan; metres where the first samples
# of all grids share their centre (0: grids nest).
BANDS = {
    "modis": {
        250: [f"250m Surface Reflectance Band {number}" for number in (1, 2)],
        500: [f"500m Surface Reflectance Band {number}" for number in range(1, 8)],
        1000: [f"1km Surface Reflectance Band {number}" for number in (*range(1, 17), 26)] + ["1km Band 3 Path Radiance"],
    },
    "viirs": {
        375: [f"375m Surface Reflectance Band I{number}" for number in (1, 2, 3)],
        750: [f"750m Surface Reflectance Band M{number}" for number in (1, 2, 3, 4, 5, 7, 8, 10, 11)],
    },
}  # fmt: skip
SCAN_M = {"modis": 10000, "viirs": 12000}
ALIGNED_M = {"modis": 1000, "viirs": 0}
RADIUS_M = 6371007.181


def sensor(instrument="modis", **options):
    """The sensor of the catalogue, with options for its readers of swaths."""
    config = OmegaConf.load(CONF / f"{instrument}.yaml")
    for reader in config.readers[:2]:
        reader.update(options)
    return hydra.utils.instantiate(config)


def positions(instrument, metres, scans, width, *, longitude=14.0, latitude=50.0, overlap=0.2, azimuth=12.0):
    """True longitude and latitude (H, W) of a grid's pixel centres: scans that overlap by `overlap` of their height.

    `width`: columns of the instrument's finest grid. The swath lies around (`longitude`, `latitude`), its track at
    `azimuth` degrees from north.
    """
    finest = min(BANDS[instrument])
    rows_of_scan, columns = SCAN_M[instrument] // metres, width * finest // metres
    inside = (np.arange(rows_of_scan) + 0.5) * metres - SCAN_M[instrument] / 2
    starts = (np.arange(scans) - (scans - 1) / 2) * SCAN_M[instrument] * (1 - overlap)
    along = (starts[:, None] + inside[None]).reshape(-1, 1)
    # The centre of column c: aligned grids share the centre of column 0, nested ones the edge.
    across = np.arange(columns) * metres if ALIGNED_M[instrument] else (np.arange(columns) + 0.5) * metres
    across = across[None] - width * finest / 2
    turn = np.radians(azimuth)
    north = along * np.cos(turn) - across * np.sin(turn)
    east = along * np.sin(turn) + across * np.cos(turn)
    return _from_plane(east, north, longitude, latitude)


def _from_plane(east, north, longitude, latitude):
    """Azimuthal equidistant coordinates (metres) to degrees, on a sphere."""
    distance = np.hypot(east, north) / RADIUS_M
    bearing = np.arctan2(east, north)
    start = np.radians(latitude)
    reached = np.arcsin(np.sin(start) * np.cos(distance) + np.cos(start) * np.sin(distance) * np.cos(bearing))
    turned = np.arctan2(
        np.sin(bearing) * np.sin(distance) * np.cos(start), np.cos(distance) - np.sin(start) * np.sin(reached)
    )
    return (longitude + np.degrees(turned) + 180) % 360 - 180, np.degrees(reached)


def reflectance(instrument, metres, scans, width, seed=0, **where):
    """Digital numbers (C, H, W) int16 that are a smooth function of the place, a little different in each band."""
    longitude, latitude = positions(instrument, metres, scans, width, **where)
    numbers = []
    for index in range(len(BANDS[instrument][metres])):
        phase = 0.7 * seed + 0.2 * index
        waves = np.sin(50 * longitude + phase) + np.cos(70 * latitude - phase)
        numbers.append(np.rint(3000 + 1000 * waves + 50 * index))
    return np.stack(numbers).astype(np.int16)


def write(
    folder, instrument="modis", *, scans=2, width=64, seed=0, name=None, hdf5=False, geolocation="own", without=(),
    special=None, metres_of_positions=None, attributes=None, **where,
):  # fmt: skip
    """A product; returns its path.

    Args:
        width: columns of the finest grid, a multiple of 4.
        hdf5: as HDF-EOS5 instead of HDF4.
        geolocation: "own": in the file; "companion": in the geolocation product beside it; None: nowhere.
        without: names of data sets that are left out.
        special: digital number that the first 4 x 4 pixels of every grid hold.
        metres_of_positions: ground sample distance of the positions; None: 1000 for MODIS, finest for VIIRS.
        attributes: more attributes of the file.
        where: see `positions`.
    """
    pixels = {
        metres: reflectance(instrument, metres, scans, width, seed, **where) for metres in BANDS[instrument]
    }
    if special is not None:
        for group in pixels.values():
            group[:, :4, :4] = special
    path = Path(folder) / (name or NAMES[instrument])
    path.parent.mkdir(parents=True, exist_ok=True)
    at = metres_of_positions or {"modis": 1000, "viirs": 375}[instrument]
    arrays = {
        data_set: band
        for metres, group in pixels.items()
        for data_set, band in zip(BANDS[instrument][metres], group, strict=True)
        if data_set not in without
    }
    known = dict(
        zip(("Longitude", "Latitude"), positions(instrument, at, scans, width, **where), strict=True)
    )
    known = {key: value.astype(np.float32) for key, value in known.items()}
    facts = {"NADIR_SYNTHETIC": "1"} | (attributes or {})
    (write_hdf5 if hdf5 else write_hdf4)(path, arrays | (known if geolocation == "own" else {}), facts)
    if geolocation == "companion":
        companion(path.parent / COMPANIONS[instrument], known)
    return path


def companion(path, known):
    """A geolocation product: netCDF-4 for VIIRS, HDF4 for MODIS."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    if Path(path).suffix == ".nc":
        with h5py.File(path, "w") as file:
            group = file.create_group("geolocation_data")
            for key, values in known.items():
                group[key.lower()] = values
                group[key.lower()].attrs["_FillValue"] = np.float32(-999.9)
    else:
        write_hdf4(path, known, {})
    return Path(path)


def write_hdf4(path, arrays, attributes):
    """Arrays as compressed data sets of an HDF4 file."""
    from pyhdf.SD import SD, SDC

    kinds = {"int16": SDC.INT16, "float32": SDC.FLOAT32, "float64": SDC.FLOAT64, "uint16": SDC.UINT16}
    Path(path).unlink(missing_ok=True)
    file = SD(str(path), SDC.WRITE | SDC.CREATE)
    for key, value in attributes.items():
        setattr(file, key, value)
    for name, values in arrays.items():
        data = file.create(name, kinds[values.dtype.name], values.shape)
        data.setcompress(SDC.COMP_DEFLATE, 4)
        if values.dtype == np.int16:
            data.setfillvalue(NODATA)
            data.scale_factor, data.add_offset = 10000.0, 0.0
        data[:] = values
        data.endaccess()
    file.end()
    return Path(path)


def write_hdf5(path, arrays, attributes, swath="SurfReflect"):
    """Arrays in the groups of an HDF-EOS5 swath, with underscores for spaces."""
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for name, values in arrays.items():
            folder = "Geolocation Fields" if name in ("Longitude", "Latitude") else "Data Fields"
            data = file.create_dataset(
                f"HDFEOS/SWATHS/{swath}/{folder}/{name.replace(' ', '_')}", data=values, compression="gzip"
            )
            if values.dtype == np.int16:
                data.attrs["scale_factor"], data.attrs["add_offset"] = np.float32(1e-4), np.float32(0)
                data.attrs["_FillValue"] = np.int16(NODATA)
    return Path(path)

"""Sentinel-2 products of some pixels in the true layout: JPEG 2000 images, metadata, names old and new.

Nothing here was measured by a sensor; the structure follows real metadata of ESA.
"""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from products.sensor import Sensor
from products.sentinel2 import Sentinel2Reader

ORDER = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
NATIVE = dict(zip(ORDER, (60, 10, 10, 10, 20, 20, 20, 10, 20, 60, 60, 20, 20), strict=True))
LEVEL_2A = {
    10: ("B2", "B3", "B4", "B8"),
    20: ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8A", "B11", "B12"),
    60: ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8A", "B9", "B11", "B12"),
}
GROUPS = {10: ("B4", "B3", "B2", "B8"), 20: ("B5", "B6", "B7", "B8A", "B11", "B12"), 60: ("B1", "B9")}
SIDE = 16  # pixels of the 60 m grid
LEFT, TOP = 399_960, 5_700_000


def sensor(**changes):
    """Sentinel-2 as `conf/sensor/sentinel2.yaml` describes it, read from SAFE only."""
    bands = {band: {"ground_sample_distance_m": m} for m, group in GROUPS.items() for band in group}
    facts = {
        "name": "sentinel2", "title": "Sentinel-2", "bands": bands, "dtype": "uint16", "nodata": 0,
        "valid_range": [1, 65535], "scale": 1e-4, "readers": [Sentinel2Reader()],
    }  # fmt: skip
    return Sensor(**{**facts, **changes})


def pixels(band, distance, side=SIDE, seed=0):
    """Digital numbers of a band on a grid, (height, width) uint16, between 1001 and 5000."""
    height, width = side * 60 // distance, (side + 2) * 60 // distance
    generator = np.random.default_rng([seed, ORDER.index(band), distance])
    return generator.integers(1001, 5001, (height, width)).astype(np.uint16)


def write_image(
    path, array, distance, *, driver="JP2OpenJPEG", crs="EPSG:32633", left=LEFT, top=TOP, **options
):
    path.parent.mkdir(parents=True, exist_ok=True)
    if driver == "JP2OpenJPEG":
        options = {"QUALITY": "100", "REVERSIBLE": "YES", "YCBCR420": "NO", **options}
    place = Affine(distance, 0, left, 0, -distance, top)
    height, width = array.shape
    with rasterio.open(
        path, "w", driver=driver, height=height, width=width, count=1, dtype=array.dtype, crs=crs, transform=place,
        **options,
    ) as file:  # fmt: skip
        file.write(array, 1)


def product_metadata(
    level="L1C", baseline="05.09", uri="", entries=(), *, granules=None, offset=None, old=False, quantification=10000,
    special=(("NODATA", 0), ("SATURATED", 65535)), baseline_line=None,
):  # fmt: skip
    """Text of a product's metadata. `entries`: images listed; `granules`: {identifier: entries} of several."""
    digit = level[1:]
    tags = ("Granules", "IMAGE_ID") if old else ("Granule", "IMAGE_FILE")
    if old and level == "L2A":
        tags = ("Granules", "IMAGE_ID_2A")
    granules = granules or {"S2A_OPER_MSI_TL_T33UUU": entries}
    lists = "".join(
        f'<Granule_List><{tags[0]} granuleIdentifier="{name}" imageFormat="JPEG2000">'
        + "".join(f"<{tags[1]}>{entry}</{tags[1]}>" for entry in listed)
        + f"</{tags[0]}></Granule_List>"
        for name, listed in granules.items()
    )
    offset = (-1000 if baseline >= "04.00" else None) if offset is None else offset
    kind = ("Radiometric_Offset_List", "RADIO_ADD_OFFSET")
    if level == "L2A":
        kind = ("BOA_ADD_OFFSET_VALUES_LIST", "BOA_ADD_OFFSET")
    values = offset if isinstance(offset, dict) else dict.fromkeys(range(13), offset)
    offsets = "".join(f'<{kind[1]} band_id="{i}">{value}</{kind[1]}>' for i, value in values.items())
    offsets = f"<{kind[0]}>{offsets}</{kind[0]}>" if offset not in (None, False) else ""
    specials = "".join(
        f"<Special_Values><SPECIAL_VALUE_TEXT>{name}</SPECIAL_VALUE_TEXT>"
        f"<SPECIAL_VALUE_INDEX>{value}</SPECIAL_VALUE_INDEX></Special_Values>"
        for name, value in special
    )
    scale = f'<QUANTIFICATION_VALUE unit="none">{quantification}</QUANTIFICATION_VALUE>'
    if level == "L2A":
        scale = (
            f'<QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE unit="none">{quantification}'
            '</BOA_QUANTIFICATION_VALUE><AOT_QUANTIFICATION_VALUE unit="none">1000.0</AOT_QUANTIFICATION_VALUE>'
            "</QUANTIFICATION_VALUES_LIST>"
        )
    spectral = "".join(
        f'<Spectral_Information bandId="{i}" physicalBand="{band}"><RESOLUTION>{NATIVE[band]}</RESOLUTION>'
        "</Spectral_Information>"
        for i, band in enumerate(ORDER)
    )
    line = (
        f"<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>" if baseline_line is None else baseline_line
    )
    info, images = ("L2A_Product_Info", "L2A_Product_Organisation") if old and level == "L2A" else (
        "Product_Info", "Product_Organisation",
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
        f'<n1:Level-{digit}_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product.xsd">'
        f"<n1:General_Info><{info}><PRODUCT_URI>{uri}</PRODUCT_URI>"
        f"<PROCESSING_LEVEL>Level-{digit}</PROCESSING_LEVEL><PRODUCT_TYPE>S2MSI{digit}</PRODUCT_TYPE>{line}"
        '<Datatake datatakeIdentifier="GS2A_20230908T093041_042890"><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>'
        "<DATATAKE_SENSING_START>2023-09-08T09:30:41.024Z</DATATAKE_SENSING_START></Datatake>"
        f"<{images}>{lists}</{images}></{info}><Product_Image_Characteristics>{specials}{scale}{offsets}"
        f"<Spectral_Information_List>{spectral}</Spectral_Information_List></Product_Image_Characteristics>"
        f"</n1:General_Info></n1:Level-{digit}_User_Product>\n"
    )


def tile_metadata(level="L1C", *, side=SIDE, crs="EPSG:32633", left=LEFT, top=TOP, name="T33UUU"):
    """Text of a granule's metadata."""
    sizes = "".join(
        f'<Size resolution="{m}"><NROWS>{side * 60 // m}</NROWS><NCOLS>{(side + 2) * 60 // m}</NCOLS></Size>'
        for m in (10, 20, 60)
    )
    places = "".join(
        f'<Geoposition resolution="{m}"><ULX>{left}</ULX><ULY>{top}</ULY><XDIM>{m}</XDIM><YDIM>-{m}</YDIM></Geoposition>'
        for m in (10, 20, 60)
    )
    digit = level[1:]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<n1:Level-{digit}_Tile_ID xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Tile_Metadata.xsd">'
        f"<n1:General_Info><TILE_ID>S2A_OPER_MSI_{level}_TL_2APS_{name}</TILE_ID>"
        "<SENSING_TIME>2023-09-08T09:37:31.158827Z</SENSING_TIME></n1:General_Info><n1:Geometric_Info><Tile_Geocoding>"
        f"<HORIZONTAL_CS_CODE>{crs}</HORIZONTAL_CS_CODE>{sizes}{places}</Tile_Geocoding><Mean_Sun_Angle>"
        "<ZENITH_ANGLE>41.5</ZENITH_ANGLE><AZIMUTH_ANGLE>155.25</AZIMUTH_ANGLE></Mean_Sun_Angle></n1:Geometric_Info>"
        f"</n1:Level-{digit}_Tile_ID>\n"
    )


def safe(
    root, *, level="L1C", baseline="05.09", side=SIDE, seed=0, tile="T33UUU", listed=True, without=(), image=None,
    tile_xml=None, groups=None, **metadata,
):  # fmt: skip
    """Write a product with today's names below `root`; returns its folder.

    `without`: bands left out; `image`: options of `write_image`; `groups`: bands by grid, default all of the level.
    """
    number = baseline.replace(".", "")
    name = f"S2A_MSI{level}_20230908T093041_N{number}_R136_{tile}_20230908T114330.SAFE"
    folder, granule = Path(root) / name, f"{level}_{tile}_A042890_20230908T093533"
    if groups is None:
        groups = (
            {m: [b for b in ORDER if NATIVE[b] == m] for m in (10, 20, 60)} if level == "L1C" else LEVEL_2A
        )
    (folder / "GRANULE" / granule / "IMG_DATA").mkdir(parents=True)
    entries = []
    for distance, bands in groups.items():
        for band in bands:
            padded = f"B{int(band[1:]):02d}" if band != "B8A" else band
            place = f"GRANULE/{granule}/IMG_DATA/"
            stem = f"{tile}_20230908T093041_{padded}"
            entry = f"{place}{stem}" if level == "L1C" else f"{place}R{distance}m/{stem}_{distance}m"
            entries.append(entry)
            if band not in without:
                write_image(
                    folder / f"{entry}.jp2", pixels(band, distance, side, seed), distance, **(image or {})
                )
    text = product_metadata(level, baseline, name, entries if listed else (), **metadata)
    (folder / f"MTD_MSI{level}.xml").write_text(text, encoding="utf-8")
    (folder / "manifest.safe").write_text("<manifest/>")
    text = tile_metadata(level, side=side, name=tile) if tile_xml is None else tile_xml
    (folder / "GRANULE" / granule / "MTD_TL.xml").write_text(text, encoding="utf-8")
    return folder


def old_safe(root, *, level="L1C", baseline="02.01", tiles=("T33UUU",), side=SIDE, seed=0):
    """Write a product with the names of 2015 and 2016, with a granule for each tile; returns its folder."""
    who = "OPER" if level == "L1C" else "USER"
    when = "20160226T153321_R022_V20160225T101020_20160225T101020"
    folder = Path(root) / f"S2A_{who}_PRD_MSI{level}_PDMC_{when}.SAFE"
    granules = {}
    groups = {m: [b for b in ORDER if NATIVE[b] == m] for m in (10, 20, 60)} if level == "L1C" else LEVEL_2A
    for number, tile in enumerate(tiles):
        stem = f"S2A_{who}_MSI_{level}_TL_EPA__20160225T101020_A003533_{tile}"
        granule = folder / "GRANULE" / f"{stem}_N{baseline}"
        names = granules.setdefault(granule.name, [])
        for distance, bands in groups.items():
            for band in bands:
                padded = f"B{int(band[1:]):02d}" if band != "B8A" else band
                name = f"{stem}_{padded}" + (f"_{distance}m" if level == "L2A" else "")
                names.append(name)
                place = granule / "IMG_DATA" / (f"R{distance}m" if level == "L2A" else ".")
                write_image(place / f"{name}.jp2", pixels(band, distance, side, seed + number), distance)
        text = tile_metadata(level, side=side, name=tile)
        (granule / f"{stem.replace('_MSI_', '_MTD_')}.xml").write_text(text, encoding="utf-8")
    text = product_metadata(level, baseline, folder.name, granules=granules, old=True)
    (folder / f"S2A_{who}_MTD_SAF{level}_PDMC_{when}.xml").write_text(text, encoding="utf-8")
    return folder


def zipped(folder, path, *, compression=zipfile.ZIP_STORED, top=None):
    """A folder as a zip archive, below the folder `top` (default: its own name, "" for none)."""
    top = folder.name if top is None else top
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{top}/{file.relative_to(folder)}".lstrip("/"))
    return Path(path)


def tarred(folder, path, mode="w"):
    """A folder as a tar archive; `mode` as of `tarfile.open`."""
    with tarfile.open(path, mode) as archive:
        archive.add(folder, folder.name)
    return Path(path)


def add_zip_member(path, name, data=b"x", mode=None):
    """Append a member of any name, and of any file mode, to a zip archive."""
    member = zipfile.ZipInfo(name)
    if mode is not None:
        member.external_attr = mode << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(member, data)


def add_tar_member(path, name, kind=tarfile.REGTYPE, link="", data=b"x"):
    """Append a member of any name and kind to a tar archive."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, len(data) if kind == tarfile.REGTYPE else 0
    with tarfile.open(path, "a") as archive:
        archive.addfile(member, io.BytesIO(data))


def encrypt_flag(path):
    """Set the flag of encryption of every member of a zip archive (its bytes stay as they are)."""
    data = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = data.find(signature)
        while start >= 0:
            data[start + place] |= 1
            start = data.find(signature, start + 1)
    path.write_bytes(bytes(data))


def cut(path, keep):
    """Keep the first `keep` bytes of a file (a fraction below 1: of its size)."""
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if keep < 1 else keep])


def image_of(folder, band, distance=None):
    """Path of a band's image in a product."""
    padded = f"B{int(band[1:]):02d}" if band != "B8A" else band
    (found,) = Path(folder).rglob(f"*_{padded}{f'_{distance}m' if distance else ''}.jp2")
    return found

"""What the metadata files of Sentinel-2 products say, in all their versions (ESA, Products Specification, 12 to 14.9)."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from errors import UserError
from products.safe_xml import elements, first_text, local_name, parse_xml

PRODUCT_ROOT = re.compile(rb"<(?:\w+:)?Level-(\w+)_User_Product[\s>]")
TILE_ROOT = re.compile(rb"<(?:\w+:)?Level-(\w+)_Tile_ID[\s>]")
_LEVELS = {"Level-1C_User_Product": "L1C", "Level-2A_User_Product": "L2A"}
_BASELINE = re.compile(r"\d\d\.\d\d")
# Numbers of bands in metadata, where the product does not say so itself.
_BAND_ORDER = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
_BAND = re.compile(r"B0?(\d{1,2}A?)", re.IGNORECASE)
_IMAGES = ("IMAGE_FILE", "IMAGE_ID", "IMAGE_FILE_2A", "IMAGE_ID_2A")
# Names of elements by the tag that outputs carry.
_PRODUCT_TAGS: dict[str, tuple[str, ...]] = {
    "PRODUCT_URI": ("PRODUCT_URI_2A", "PRODUCT_URI"),
    **{
        name: (name,)
        for name in (
            "PROCESSING_LEVEL", "PRODUCT_TYPE", "PROCESSING_BASELINE", "PRODUCT_DOI", "GENERATION_TIME",
            "PRODUCT_START_TIME", "PRODUCT_STOP_TIME", "SPACECRAFT_NAME", "DATATAKE_TYPE", "DATATAKE_SENSING_START",
            "SENSING_ORBIT_NUMBER", "SENSING_ORBIT_DIRECTION",
        )
    },
    "REFLECTANCE_CONVERSION_U": ("U",),
    "CLOUD_COVERAGE_ASSESSMENT": ("Cloud_Coverage_Assessment",),
    "FOOTPRINT_LATITUDE_LONGITUDE": ("EXT_POS_LIST",),
}  # fmt: skip


@dataclass(frozen=True)
class ProductMetadata:
    """Of a product (`MTD_MSIL1C.xml`, `MTD_MSIL2A.xml`, `S2A_OPER_MTD_SAFL1C_...xml`).

    Attributes:
        level: `L1C` or `L2A`.
        baseline: processing baseline, e.g. `05.09`.
        uri: the name of the product, "" where it says none.
        images: of each granule: its identifier and the image files listed for it, as written (without suffix).
        offsets: by band: what is added to a digital number; empty where the metadata lists none.
        quantification: digital numbers per unit of reflectance.
        special_values: digital numbers by what they mean: NODATA, SATURATED.
        tags: text worth keeping in outputs.
    """

    level: str
    baseline: str
    uri: str
    images: tuple[tuple[str, tuple[str, ...]], ...]
    offsets: Mapping[str, float]
    quantification: float
    special_values: Mapping[str, int]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class TileMetadata:
    """Of a granule (`MTD_TL.xml`, `S2A_OPER_MTD_L1C_TL_...xml`).

    Attributes:
        crs: e.g. `EPSG:32633`.
        shapes: (rows, columns) by ground sample distance in m.
        transforms: six coefficients of the affine map (column, row) -> metres, by ground sample distance in m.
        tags: text worth keeping in outputs.
    """

    crs: str
    shapes: Mapping[int, tuple[int, int]]
    transforms: Mapping[int, tuple[float, ...]]
    tags: Mapping[str, str]


def band_name(text: str) -> str:
    """A band's name without padding: `B04` and `B4` are both `B4`, `b8a` is `B8A`; other layers in capitals."""
    match = _BAND.fullmatch(text)
    return f"B{match[1]}".upper() if match else text.upper()


def is_spectral(layer: str) -> bool:
    """Whether a layer is a band of the instrument and no map made of them (SCL, AOT, ...)."""
    return _BAND.fullmatch(layer) is not None


def parse_product(
    document: bytes, label: str, baselines: tuple[str, str], offsets_from: str
) -> ProductMetadata:
    """Product metadata.

    Args:
        document: bytes of the file.
        label: how messages call it.
        baselines: oldest and newest known processing baseline.
        offsets_from: first baseline whose metadata must list radiometric offsets.

    Raises:
        UserError: it is no such file, of another level, or lacks what is needed to read the pixels rightly.
    """
    root = parse_xml(document, label)
    level = _LEVELS.get(local_name(root))
    if level is None:
        raise UserError(
            f"{label}: found the metadata of a {local_name(root)}, expected Level-1C_User_Product or Level-2A_User_Product"
        )
    baseline = _baseline(root, label, baselines)
    special_values = _special_values(root, label)
    offsets = _offsets(root, label)
    if baseline >= offsets_from and not offsets:
        raise UserError(
            f"{label}: found processing baseline {baseline} without radiometric offsets, expected one for each band"
        )
    names = ("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE", "QUANTIFICATION_VALUE")
    quantification = _number(first_text(root, *names), f"{label}: QUANTIFICATION_VALUE")
    found = {tag: first_text(root, *names) for tag, names in _PRODUCT_TAGS.items()}
    tags = {tag: " ".join(text.split()) for tag, text in found.items() if text}
    tags["QUANTIFICATION_VALUE"] = f"{quantification:g}"
    tags |= {f"SPECIAL_VALUE_{name}": str(value) for name, value in special_values.items()}
    tags |= {f"RADIO_ADD_OFFSET_{band}": f"{value:g}" for band, value in offsets.items()}
    for datatake in elements(root, "Datatake")[:1]:
        tags["DATATAKE_ID"] = datatake.get("datatakeIdentifier", "")
    return ProductMetadata(
        level=level,
        baseline=baseline,
        uri=tags.get("PRODUCT_URI", ""),
        images=tuple(
            (
                granule.get("granuleIdentifier", ""),
                tuple(image.text.strip() for image in elements(granule, *_IMAGES) if image.text),
            )
            for granule in elements(root, "Granule", "Granules")
        ),
        offsets=offsets,
        quantification=quantification,
        special_values=special_values,
        tags=tags,
    )


def parse_tile(document: bytes, label: str) -> TileMetadata:
    """Granule metadata.

    Raises:
        UserError: it is no such file, or lacks the grids.
    """
    root = parse_xml(document, label)
    if not local_name(root).endswith("_Tile_ID"):
        raise UserError(
            f"{label}: found {local_name(root)}, expected the metadata of a granule (Level-1C_Tile_ID)"
        )
    crs = first_text(root, "HORIZONTAL_CS_CODE")
    shapes, transforms = {}, {}
    for size in elements(root, "Size"):
        rows, columns = (_number(first_text(size, name), f"{label}: {name}") for name in ("NROWS", "NCOLS"))
        shapes[_resolution(size, label)] = (int(rows), int(columns))
    for place in elements(root, "Geoposition"):
        left, top, width, height = (
            _number(first_text(place, name), f"{label}: {name}") for name in ("ULX", "ULY", "XDIM", "YDIM")
        )
        distance = _resolution(place, label)
        if (abs(width), abs(height)) != (distance, distance):
            raise UserError(
                f"{label}: XDIM, YDIM: found {width:g}, {height:g}, expected {distance}, {-distance} of that resolution"
            )
        transforms[distance] = (width, 0.0, left, 0.0, height, top)
    if crs is None or not shapes or set(shapes) != set(transforms):
        raise UserError(
            f"{label}: found no complete Tile_Geocoding, expected a reference system, sizes and positions"
        )
    names = {name: (name,) for name in ("TILE_ID", "DATASTRIP_ID", "SENSING_TIME", "CLOUDY_PIXEL_PERCENTAGE")}
    tags = {tag: first_text(root, *found) for tag, found in names.items()}
    for mean in elements(root, "Mean_Sun_Angle"):
        tags["MEAN_SUN_ZENITH_ANGLE"] = first_text(mean, "ZENITH_ANGLE")
        tags["MEAN_SUN_AZIMUTH_ANGLE"] = first_text(mean, "AZIMUTH_ANGLE")
    return TileMetadata(crs, shapes, transforms, {tag: text for tag, text in tags.items() if text})


def _baseline(root: Element, label: str, known: tuple[str, str]) -> str:
    text = first_text(root, "PROCESSING_BASELINE")
    if text is None or not _BASELINE.fullmatch(text) or not known[0] <= text <= known[1]:
        raise UserError(
            f"{label}: PROCESSING_BASELINE: found {text or 'none'}, expected {known[0]} to {known[1]}, "
            "whose radiometric offsets are known"
        )
    return text


def _special_values(root: Element, label: str) -> dict[str, int]:
    found = {}
    for value in elements(root, "Special_Values"):
        name = first_text(value, "SPECIAL_VALUE_TEXT")
        if name:
            found[name] = int(
                _number(first_text(value, "SPECIAL_VALUE_INDEX"), f"{label}: SPECIAL_VALUE_INDEX")
            )
    return found


def _offsets(root: Element, label: str) -> dict[str, float]:
    names = {
        information.get("bandId", ""): band_name(information.get("physicalBand", ""))
        for information in elements(root, "Spectral_Information")
    } or {str(number): name for number, name in enumerate(_BAND_ORDER)}
    offsets: dict[str, float] = {}
    for element in elements(root, "RADIO_ADD_OFFSET", "BOA_ADD_OFFSET"):
        number = element.get("band_id") or element.get("bandId") or ""
        value = _number(element.text, f"{label}: {local_name(element)} of band {number}")
        band = names.get(number)
        if band is None or offsets.get(band, value) != value:
            raise UserError(
                f"{label}: {local_name(element)}: found band_id {number!r} unknown or twice, expected each band once"
            )
        offsets[band] = value
    return offsets


def _resolution(element: Element, label: str) -> int:
    return int(_number(element.get("resolution"), f"{label}: resolution of {local_name(element)}"))


def _number(text: str | None, label: str) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{label}: found {text!r}, expected a number")
    return number

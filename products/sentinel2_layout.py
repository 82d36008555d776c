"""Where the files of a Sentinel-2 product are: from what a user names to the metadata and the image of each band.

New products hold one granule (`GRANULE/L1C_T34TET_.../IMG_DATA/T34TET_..._B02.jp2`), those until 2016 up to some
hundred (`GRANULE/S2A_OPER_MSI_L1C_TL_..._T34TET_N02.01/IMG_DATA/..._T34TET_B02.jp2`); images of Level-2A lie in a
folder for each grid and say so in their names (`IMG_DATA/R20m/T34TET_..._B02_20m.jp2`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from errors import UserError
from products.file_tree import FileTree
from products.sentinel2_metadata import PRODUCT_ROOT, TILE_ROOT, ProductMetadata, band_name

ROOT_BYTES = 4096  # of an XML file: where its root element begins
IMAGE_FOLDER = "IMG_DATA"
_IMAGE_STEM = re.compile(r"(?:.*_)?(B\d{1,2}A?|[A-Z]{3})(?:_(\d{2})m)?", re.IGNORECASE)
_RESOLUTION_FOLDER = re.compile(r"R(\d{2})m", re.IGNORECASE)
_TILE = re.compile(r"(?:^|_)(T\d{2}[A-Z]{3})(?:_|$)")
_SUFFIXES = (".jp2", ".tif", ".tiff", "")  # in this order where a band is there in several
_PRODUCT_FILE = re.compile(r"(?:MTD_MSIL\w+|\w+_MTD_SAF\w+)\.xml", re.IGNORECASE)
_SAFE = re.compile(r"S2[A-Z]_\w+\.SAFE", re.IGNORECASE)
Layer = tuple[str, int | None]


@dataclass(frozen=True)
class Located:
    """A product in a tree of files.

    Attributes:
        root: its folder within the tree, "" or ending in a slash.
        metadata: name of its metadata file.
    """

    root: str
    metadata: str


def locate(tree: FileTree) -> Located:
    """The one product in a tree.

    Raises:
        UserError: there is none, or more than one.
    """
    candidates = [name for name in tree.names if _may_be_metadata(name)]
    found = [name for name in candidates if PRODUCT_ROOT.search(tree.head(name, ROOT_BYTES))]
    if len(found) > 1:
        raise UserError(
            f"{tree.origin}: found the metadata of {len(found)} products ({_listed(found)}), expected one"
        )
    if found:
        return Located(found[0].rpartition("/")[0] + "/" if "/" in found[0] else "", found[0])
    broken = [name for name in candidates if _PRODUCT_FILE.fullmatch(PurePosixPath(name).name)]
    if broken:
        raise UserError(
            f"{tree.label(broken[0])}: found no Level-1C_User_Product or Level-2A_User_Product in it, "
            "expected product metadata"
        )
    raise UserError(f"{tree.origin}: found no product metadata, expected MTD_MSIL1C.xml or MTD_MSIL2A.xml")


def looks_like_product(names: Iterable[str]) -> bool:
    """Whether files of these names in an archive may be a Sentinel-2 product, whole or not."""
    for name in names:
        path = PurePosixPath(name)
        if {IMAGE_FOLDER, "GRANULE"} & set(path.parts) or _PRODUCT_FILE.fullmatch(path.name):
            return True
        if any(_SAFE.fullmatch(part) for part in path.parts):
            return True
    return False


def is_product_folder(folder: Path) -> bool:
    """Whether a folder itself, not one below, may be a Sentinel-2 product, whole or not; nothing below is listed."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return False
    known = {IMAGE_FOLDER, "GRANULE"} & set(names) or any(_PRODUCT_FILE.fullmatch(name) for name in names)
    documents = (folder / name for name in names if name.lower().endswith(".xml"))
    return bool(known or _SAFE.fullmatch(folder.name)) or any(sniff(path, PRODUCT_ROOT) for path in documents)


def sniff(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Whether the beginning of a file matches."""
    try:
        with path.open("rb") as file:
            return pattern.search(file.read(ROOT_BYTES)) is not None
    except OSError:
        return False


def granule_images(tree: FileTree, root: str, granule: str | None) -> tuple[str, tuple[str, ...]]:
    """The folder of the one granule, and all files in its image folders.

    Args:
        tree: the files.
        root: of the product.
        granule: the granule's folder or tile (`T33UUU`), where there are several.

    Raises:
        UserError: no granule, several of which none is asked for, or the one asked for is missing.
    """
    images: dict[str, list[str]] = {}
    for name in tree.names:
        parts = PurePosixPath(name.removeprefix(root)).parts if name.startswith(root) else ()
        if IMAGE_FOLDER in parts[:-1] and not any(part.startswith(("._", "__MACOSX")) for part in parts):
            folder = "/".join(parts[: parts.index(IMAGE_FOLDER)])
            images.setdefault(root + folder + "/" if folder else root, []).append(name)
    if not images:
        raise UserError(f"{tree.origin}: found no images, expected them in GRANULE/*/{IMAGE_FOLDER}")
    if granule is not None:
        kept = {
            place: files for place, files in images.items() if granule in (tile_of(place), _folder(place))
        }
        if not kept:
            raise UserError(
                f"{tree.origin}: found no granule {granule}, expected one of {_listed_tiles(images)}"
            )
        images = kept
    if len(images) > 1:
        raise UserError(
            f"{tree.origin}: found {len(images)} granules ({_listed_tiles(images)}), expected one: "
            "name the folder of one granule instead"
        )
    ((place, files),) = images.items()
    return place, tuple(files)


def band_files(tree: FileTree, metadata: ProductMetadata, images: Iterable[str]) -> dict[Layer, str]:
    """Files of a granule by (band, ground sample distance in m or None where the name does not tell).

    Files that the metadata lists come first; bands that it does not list, or under another name, go by their names.

    Args:
        tree: the files of the product.
        metadata: of the product.
        images: all files in the image folders of the granule.

    Raises:
        UserError: the metadata lists a file outside of the product, or a band is there twice and not listed.
    """
    listed = set()
    for entry in (entry for _, entries in metadata.images for entry in entries):
        if entry.startswith("/") or ".." in PurePosixPath(entry).parts or "\\" in entry:
            raise UserError(
                f"{tree.origin}: found the image {entry!r} in its metadata, expected one within the product"
            )
        listed.add(_stem(entry))
    by_stem: dict[str, str] = {}
    for name in sorted(images, key=_preference):
        by_stem.setdefault(_stem(name), name)
    found: dict[Layer, str] = {}
    for stem, name in sorted(by_stem.items(), key=lambda item: (item[0] not in listed, item[0])):
        layer = layer_of(name)
        if layer in found and stem not in listed and _stem(found[layer]) not in listed:
            raise UserError(
                f"{tree.origin}: found {layer[0]} twice ({found[layer]}, {name}), expected one image"
            )
        if layer is not None:
            found.setdefault(layer, name)
    return found


def layer_of(name: str) -> Layer | None:
    """Band and ground sample distance (m) that an image's name tells."""
    match = _IMAGE_STEM.fullmatch(_stem(name))
    if match is None:
        return None
    resolution = match[2]
    for part in PurePosixPath(name).parts[:-1]:
        folder = _RESOLUTION_FOLDER.fullmatch(part)
        resolution = resolution or (folder[1] if folder else None)
    return band_name(match[1]), int(resolution) if resolution else None


def tile_metadata(tree: FileTree, granule: str) -> str | None:
    """Name of a granule's metadata file; None where there is none.

    Raises:
        UserError: there are several.
    """
    near = [
        name
        for name in tree.names
        if name.startswith(granule) and "/" not in name[len(granule) :] and name.lower().endswith(".xml")
    ]
    found = [name for name in near if TILE_ROOT.search(tree.head(name, ROOT_BYTES))]
    # One that is damaged is found by its name, and its damage when it is read.
    found = found or [name for name in near if "MTD" in name.rpartition("/")[2].upper() and granule != ""]
    if len(found) > 1:
        raise UserError(
            f"{tree.origin}: found {len(found)} metadata files of a granule ({_listed(found)}), expected one"
        )
    return found[0] if found else None


def tile_of(place: str) -> str | None:
    """The tile (`T33UUU`) that the folder of a granule names."""
    match = _TILE.search(_folder(place))
    return match[1] if match else None


def described_missing(missing: Iterable[tuple[str, int]], found: Mapping[Layer, str]) -> str:
    """Missing bands in words, with the grids on which they are there instead."""
    words = []
    for band, resolution in missing:
        others = sorted(other for name, other in found if name == band and other)
        there = f", there at {' and '.join(map(str, others))} m" if others else ""
        words.append(f"{band} ({resolution} m{there})")
    return ", ".join(words)


def _may_be_metadata(name: str) -> bool:
    parts = PurePosixPath(name).parts
    inner = {"GRANULE", "DATASTRIP", "HTML", "rep_info", "__MACOSX", IMAGE_FOLDER}
    return name.lower().endswith(".xml") and not inner & set(parts) and not parts[-1].startswith("._")


def _stem(name: str) -> str:
    base = PurePosixPath(name).name
    suffix = next((suffix for suffix in _SUFFIXES if suffix and base.lower().endswith(suffix)), "")
    return base[: len(base) - len(suffix)]


def _preference(name: str) -> tuple[int, str]:
    suffix = PurePosixPath(name).suffix.lower()
    return (_SUFFIXES.index(suffix) if suffix in _SUFFIXES else len(_SUFFIXES)), name


def _folder(place: str) -> str:
    return PurePosixPath(place).name


def _listed(names: Iterable[str], limit: int = 5) -> str:
    names = list(names)
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")


def _listed_tiles(places: Iterable[str]) -> str:
    return _listed([tile_of(place) or _folder(place) for place in places])

"""Finding the files of a Landsat product, in a folder or an archive."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from errors import UserError
from products.archives import TarTree, ZipTree, archive_kind
from products.file_tree import FileTree, FolderTree
from products.landsat_metadata import ROOTS
from products.product_card import CARD
from products.unpacking import UnpackedTree, first_names

_METADATA = re.compile(r"(?:.*[_.])?MTL\.(txt|xml|json)", re.IGNORECASE)
_BAND = re.compile(r".*_(?:(?:SR_|ST_)?B\d+|BQA|QA_PIXEL)\.TIFF?", re.IGNORECASE)
_FIRST_NAMES = 40  # of a compressed archive: more than any Landsat product has
_HEAD_BYTES = 512


def looks_like_landsat(path: Path) -> bool:
    """Whether a folder, archive or metadata file may be a Landsat product, whole or not.

    Archives that cannot be listed are taken as one: opening them says what is wrong.
    """
    if path.is_dir():
        names = [file.name for place in (path, *_folders(path)) for file in place.iterdir() if file.is_file()]
        if CARD in names:  # a folder of rasters that says so, whatever its files are called
            return any(map(_METADATA.fullmatch, names))
        return any(map(_METADATA.fullmatch, names)) or sum(map(bool, map(_BAND.fullmatch, names))) > 1
    kind = archive_kind(path)
    if kind is None:
        return _METADATA.fullmatch(path.name) is not None and _is_metadata(path)
    try:
        found = (
            first_names(path, _FIRST_NAMES) if kind == "compressed tar" else _archive(path, kind, {}).names
        )
        bases = [PurePosixPath(name).name for name in found]
    except UserError:
        return True
    return any(map(_METADATA.fullmatch, bases)) or any(map(_BAND.fullmatch, bases))


def file_tree(path: Path, suffixes: Mapping[str, str]) -> FileTree:
    """The files of a product: of a folder, of the folder of a metadata file, or of an archive.

    Args:
        path: folder, metadata file or archive.
        suffixes: of the images that a compressed archive is unpacked for.

    Raises:
        UserError: a damaged archive, or one with members that would lie outside of it.
    """
    kind = archive_kind(path)
    if kind is None:
        return FolderTree(path if path.is_dir() else path.parent)
    return _archive(path, kind, suffixes)


def metadata_name(tree: FileTree, path: Path) -> str:
    """The MTL file of a tree, text rather than XML or JSON.

    Raises:
        UserError: there is none, or there are those of several products.
    """
    if path.is_file() and _METADATA.fullmatch(path.name):
        return path.name
    found = [name for name in tree.names if _METADATA.fullmatch(PurePosixPath(name).name)]
    if not found:
        raise UserError(f"{path}: found no metadata, expected a file *_MTL.txt beside the images")
    products = {str(PurePosixPath(name).with_suffix("")) for name in found}
    if len(products) > 1:
        raise UserError(
            f"{path}: found {len(products)} products ({', '.join(sorted(products))}), expected one"
        )
    order = [".txt", ".xml", ".json"]
    return min(found, key=lambda name: order.index(PurePosixPath(name).suffix.lower()))


def image_name(tree: FileTree, folder: str, stated: str | None, suffix: str) -> str | None:
    """The file of a band: by the name that the metadata states, or else by the end of its name.

    Args:
        tree: the files.
        folder: of the metadata file, in which the images are.
        stated: name in the metadata.
        suffix: what names end in before `.TIF`, e.g. `B8`; letters count alike in upper and lower case.

    Returns:
        The name in the tree; None where there is no such file.

    Raises:
        UserError: several files end alike.
    """
    beside = {PurePosixPath(name).name: name for name in tree.names if _folder(name) == folder}
    if stated is not None and stated in beside:
        return beside[stated]
    ending = re.compile(rf"(?:.*_)?{re.escape(suffix)}\.tiff?", re.IGNORECASE)
    found = sorted(base for base in beside if ending.fullmatch(base))
    # Of surface reflectance `_SR_B1` is asked for as such, so that `B1` means the Level-1 band alone.
    found = [
        base for base in found if "_" in suffix or not re.search(r"_(SR|ST)_B\d+\.", base, re.IGNORECASE)
    ]
    if len(found) > 1:
        raise UserError(
            f"{tree.origin}: found {', '.join(found)} for {suffix}, expected one file *_{suffix}.TIF"
        )
    return beside[found[0]] if found else None


def _archive(path: Path, kind: str, suffixes: Mapping[str, str]) -> FileTree:
    if kind == "zip":
        return ZipTree(path)
    if kind == "tar":
        return TarTree(path)
    endings = tuple(f"{suffix}.tif".lower() for suffix in suffixes.values())

    def wanted(name: str) -> bool:
        lower = name.lower().replace(".tiff", ".tif")
        return _METADATA.fullmatch(PurePosixPath(name).name) is not None or lower.endswith(endings)

    return UnpackedTree(path, wanted)


def _folder(name: str) -> str:
    return str(PurePosixPath(name).parent)


def _folders(path: Path) -> list[Path]:
    return [place for place in path.iterdir() if place.is_dir() and not place.name.startswith(".")]


def _is_metadata(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return any(root.encode() in head for root in ROOTS)

"""Masks of any kind, opened as class indices: rasters, published `.npz` labels, `msk` beside an image."""

from collections.abc import Sequence
from pathlib import Path

from errors import UserError
from products.class_table import ClassTable
from products.mask import ArchiveMask, Mask, RasterMask
from products.npz_member import is_npz, npz_keys, npz_member
from products.placed_mask import Resampling, placed
from products.scene import Scene

__all__ = ["MASK_MEMBER", "Mask", "MaskReader", "find_masks"]

MASK_MEMBER = "msk"  # the mask in the archive of an image
MASK_SUFFIXES = (".tif", ".tiff", ".jp2", ".png", ".vrt", ".img", ".npz")


class MaskReader:
    """Opens masks; holds no open file, so it is cheap to make and can be pickled.

    Args:
        classes: what the numbers in the files mean.
        resampling: `none`, so that masks must lie on the grid of their scene, or `nearest`.

    Raises:
        UserError: another resampling.
    """

    def __init__(self, classes: ClassTable, resampling: Resampling = "none") -> None:
        if resampling not in ("none", "nearest"):
            raise UserError(f"mask_resampling: found {resampling}, expected none or nearest")
        self.classes, self.resampling = classes, resampling

    def open(self, path: str | Path, key: str | None = None, scene: Scene | None = None) -> Mask:
        """Open a mask.

        Args:
            path: raster with one band, or `.npz` archive.
            key: which array of an archive, e.g. `20210126` or `msk`; None: the one that there is, or `msk`.
            scene: held against it, and given on its grid; None: the mask is given as it is.

        Raises:
            UserError: the file cannot be read, has no such array, or does not fit the scene.
        """
        path = Path(path)
        if not path.is_file():
            raise UserError(f"masks={path}: there is no such file, expected a raster or .npz archive")
        mask: Mask
        if is_npz(path):
            mask = ArchiveMask(path, npz_member(path, key or _only_key(path)), self.classes)
        else:
            mask = RasterMask(path, self.classes)
        return mask if scene is None else placed(mask, scene, self.resampling)


def find_masks(masks: str | Path | Sequence[str | Path]) -> list[tuple[Path, str | None]]:
    """Masks in what a user names: files, or folders of files (also in folders below).

    Returns:
        Paths and, for archives, the name of each of their arrays but images; in the order given, in folders by name.

    Raises:
        UserError: there is no such path, or no mask in it.
    """
    given = [masks] if isinstance(masks, str | Path) else list(masks)
    found: dict[tuple[Path, str | None], None] = {}
    for item in map(Path, given):
        if not item.exists():
            raise UserError(f"masks={item}: there is no such file or folder, expected masks")
        files = [item] if item.is_file() else sorted(p for p in item.rglob("*") if _may_be_mask(p, item))
        for file in files:
            if is_npz(file):
                found.update({(file, key): None for key in _mask_keys(npz_keys(file))})
            else:
                found[file, None] = None
    if not found:
        raise UserError(f"masks={masks}: found no mask in it, expected files of {', '.join(MASK_SUFFIXES)}")
    return list(found)


def _may_be_mask(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in MASK_SUFFIXES and not hidden and path.is_file()


def _mask_keys(keys: Sequence[str]) -> list[str]:
    return [MASK_MEMBER] if MASK_MEMBER in keys else [key for key in keys if key != "img"]


def _only_key(path: Path) -> str:
    keys = _mask_keys(npz_keys(path))
    if len(keys) != 1:
        raise UserError(
            f"{path}: found the arrays {', '.join(keys) or 'none'}, expected {MASK_MEMBER} or just one"
        )
    return keys[0]

"""Sentinel-3 SLSTR Level-1 products (SL_1_RBT): SEN3 folders and zips of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from errors import UserError
from products.archives import ZipTree, archive_kind
from products.slstr_facts import SlstrBand, SlstrFacts
from products.slstr_files import MANIFEST, SlstrFiles
from products.slstr_product import SlstrProduct


class SlstrReader:
    """Opens SL_1_RBT products; `conf/sensor/slstr.yaml` holds the arguments.

    Args:
        bands: {name: facts of `SlstrBand`}.
        grids: {first letter of a suffix: `resolution`, `track_offset` where files do not say}.
        cloud_masks: {name: `variable`, `bits` (names; null: all that are named)}: what `cloud_mask` knows by one word.
        flags: {variable: `unknown` (value of pixels that were not populated), `meanings` (where the file has none)}.
        flag_aliases: other spelling of a flag's name -> name.
        invalid_flags: conditions of `confidence` under which a pixel holds no measurement.
        day_flags: conditions of `confidence` that say day, for products without sun zenith.
        night_zenith_deg: from this sun zenith on reflectance is not defined.
        tie_point_reach: tie points by which the sun zenith is continued beyond the last known one.
        max_file_bytes: of one file inside a zip.
    """

    kind = "a Sentinel-3 SLSTR product SL_1_RBT (SEN3 folder or zip)"

    def __init__(
        self,
        *,
        bands: Mapping[str, Mapping[str, Any]],
        grids: Mapping[str, Mapping[str, Any]],
        cloud_masks: Mapping[str, Mapping[str, Any]],
        flags: Mapping[str, Mapping[str, Any]],
        flag_aliases: Mapping[str, str] | None = None,
        invalid_flags: Sequence[str] = ("unfilled",),
        day_flags: Sequence[str] = ("day",),
        night_zenith_deg: float = 88.0,
        tie_point_reach: int = 2,
        max_file_bytes: int = 2**30,
    ) -> None:
        if not 0 < night_zenith_deg < 90:
            raise UserError(
                f"night_zenith_deg: found {night_zenith_deg}, expected more than 0 and less than 90"
            )
        self.max_file_bytes = int(max_file_bytes)
        self.facts = SlstrFacts(
            {name: SlstrBand(name=name, **facts) for name, facts in bands.items()},
            grids, cloud_masks, flags, dict(flag_aliases or {}), tuple(invalid_flags), tuple(day_flags),
            float(night_zenith_deg), int(tie_point_reach),
        )  # fmt: skip

    def find(self, path: str | Path) -> list[Path]:
        """The products that a path names, sorted: itself, or SEN3 folders and zips of them in a folder or its folders.

        Of a folder and a zip with one name in one place the folder is taken. Whether products can be read shows when
        they are opened.

        Raises:
            UserError: there are none.
        """
        path = Path(path)
        if not path.is_dir() or _looks_like_product(path):
            return [path]
        found = _products_below(path, depth=2)
        if not found:
            raise UserError(f"{path}: found no SEN3 folder or zip of one, expected SLSTR products SL_1_RBT")
        by_name: dict[Path, Path] = {}
        for product in found:
            by_name.setdefault(
                product.with_name(product.name.removesuffix(".zip").removesuffix(".SEN3")), product
            )
        return list(by_name.values())

    def open(self, path: str | Path) -> "SlstrProduct":
        """The product; none of its data is read.

        Args:
            path: SEN3 folder, a folder that holds just one, its `xfdumanifest.xml`, or a zip.

        Raises:
            UserError: there is none, more than one, or one of another type.
        """
        return SlstrProduct(SlstrFiles(Path(path), self.max_file_bytes), self.facts)


def _products_below(folder: Path, depth: int) -> list[Path]:
    found: list[Path] = []
    for child in sorted(folder.iterdir()):
        if _looks_like_product(child):
            found.append(child)
        elif depth > 1 and child.is_dir():
            found += _products_below(child, depth - 1)
    return found


def _looks_like_product(path: Path) -> bool:
    """By what is in it; one that cannot be read is taken, so that opening says what is wrong."""
    if path.is_dir():
        return path.suffix == ".SEN3" or (path / MANIFEST).is_file() or any(path.glob("flags_*.nc"))
    if archive_kind(path) != "zip":
        return False
    try:
        names = ZipTree(path).names
    except UserError:
        return True
    return any(PurePosixPath(name).suffix == ".nc" or PurePosixPath(name).name == MANIFEST for name in names)

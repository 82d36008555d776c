"""The patches of a plain folder: images, and the masks that belong to them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from annotation.colours import Colours
from annotation.patch_folder import Patch, PatchFolder
from errors import UserError
from products.class_table import IGNORE, ClassTable
from products.grid import Grid
from products.mask_reader import MASK_MEMBER, MaskReader
from products.npz_member import is_npz, npz_keys
from products.patch_raster import replace_text, write_patch
from products.query_folder import EDITED, PROVENANCE, check_mask
from products.scene import Scene
from products.scene_pairing import Pair, pair
from products.scene_reader import SceneReader

IMAGES, MASKS = "images", "masks"  # sub-folders that may be there
_SHOWN = 3  # names that a message tells


class ImagePatches(PatchFolder):
    """Images of a folder (its sub-folder `images`, where there is one), shown whole.

    Mended masks are GeoTIFFs that carry the names and folders of their images and the numbers that the class table
    gives to files, so that they are read by the same `classes=` as the masks that they replace.

    Args:
        path: folder of images, or one image.
        scenes: opens images.
        colours: shows them.
        classes: of the masks.
        output: folder of the mended masks; None: `edited` beside the images.
        masks: folder of the masks; None: `masks` in the folder, else what archives hold themselves, else none.

    Raises:
        UserError: no image, two of one name, or masks of which none belongs to an image.
    """

    def __init__(
        self,
        path: Path,
        scenes: SceneReader,
        colours: Colours,
        classes: ClassTable,
        output: Path | None = None,
        masks: Path | None = None,
    ) -> None:
        self.path, self.classes, self._scenes, self._colours = path, classes, scenes, colours
        root = path if path.is_dir() else path.parent
        self.output = output or root / EDITED
        images = root / IMAGES if (root / IMAGES).is_dir() else root
        beside = root / MASKS
        excluded = [self.output, root / EDITED, beside, *([masks] if masks else [])]
        found = scenes.find(images if path.is_dir() else path)
        files = [file for file in found if not any(_lies_in(file, folder, images) for folder in excluded)]
        if not files:
            raise UserError(f"{path}: found no image, expected GeoTIFFs or .npz")
        self._pairs = _pairs(files, masks or (beside if beside.is_dir() else None), scenes)
        # Where images and masks share a folder, what is called a mask is no image.
        files = [
            file
            for file in files
            if file not in {each.mask for each in self._pairs.values()} - set(self._pairs)
        ]
        self._files = tuple(files)
        names = [file.relative_to(images).with_suffix("").as_posix() for file in files]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UserError(
                f"{path}: found several images of the name {', '.join(twice[:_SHOWN])}, expected one of each"
            )
        self._masks = MaskReader(classes)
        self.patches = tuple(_patch(scenes.open(file), name) for file, name in zip(files, names, strict=True))
        self._unknown = _number_of_unknown(classes)

    def grid(self, number: int) -> Grid | None:
        """Where the image lies."""
        return self._scene(number).grid

    def pictures(self, number: int) -> tuple[str, ...]:
        """Those for which the image has bands."""
        return self._colours.names(self._scene(number).bands)

    def picture(self, number: int, name: str) -> np.ndarray:
        """One of them."""
        with self._scene(number) as scene:
            return self._colours.picture(name, *scene.read(scene.window), scene.bands)

    def layers(self, number: int) -> tuple[str, ...]:
        """`known` where there is a mask."""
        return ("known",) if self._files[number] in self._pairs else ()

    def known(self, number: int) -> np.ndarray | None:
        """The mask of the image."""
        found = self._pairs.get(self._files[number])
        if found is None:
            return None
        with self._masks.open(found.mask, found.key, self._scene(number)) as mask:
            return mask.read(mask.window)

    def prediction(self, number: int) -> None:
        """None."""

    def uncertainty(self, number: int) -> None:
        """None."""

    def edited(self, number: int) -> np.ndarray | None:
        """The mended mask."""
        path = self.edited_file(number)
        if not path.exists():
            return None
        with self._masks.open(path, None, self._scene(number)) as mask:
            return mask.read(mask.window)

    def edited_file(self, number: int) -> Path:
        """Where it is, or would be."""
        return self.output / f"{self.patches[number].name}.tif"

    def save(self, number: int, mask: np.ndarray, provenance: Mapping[str, Any]) -> None:
        """Keep a mended mask, then how it came about."""
        patch, path = self.patches[number], self.edited_file(number)
        check_mask(mask, patch.shape, self.classes, str(path))
        record = self.output / PROVENANCE
        known = _read_record(record)
        stored, palette = self._in_file(mask)
        write_patch(path, stored[None], self.grid(number), palette=palette, nodata=self._unknown)
        known[patch.name] = {
            "id": patch.id,
            **provenance,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "pixels": int((mask != IGNORE).sum()),
        }
        replace_text(record, json.dumps(known, indent=2) + "\n")

    def _in_file(self, mask: np.ndarray) -> tuple[np.ndarray, dict[int, tuple[int, int, int, int]] | None]:
        """Numbers of the class table for files, and colours where a file can have them."""
        numbers = [values[0] for values in self.classes.values]
        extremes = [*numbers, self._unknown]
        dtype = np.result_type(*(np.min_scalar_type(value) for value in (min(extremes), max(extremes))))
        lookup = np.full(IGNORE + 1, self._unknown, dtype)
        lookup[: len(numbers)] = numbers
        colours = dict(zip(numbers, self.classes.colours, strict=True))
        palette = {number: (*colour, 255) for number, colour in colours.items()} | {
            self._unknown: (0, 0, 0, 0)
        }
        return lookup[mask], palette if dtype == np.uint8 else None

    def _scene(self, number: int) -> Scene:
        return self._scenes.open(self._files[number])


def _patch(scene: Scene, name: str) -> Patch:
    _, height, width = scene.shape
    return Patch(name, scene.name, height, width)


def _pairs(files: list[Path], masks: Path | None, scenes: SceneReader) -> dict[Path, Pair]:
    """Masks by image."""
    if masks is None and not any(is_npz(file) and MASK_MEMBER in npz_keys(file) for file in files):
        return {}
    return {each.image: each for each in pair(files, masks, scenes).pairs}


def _lies_in(file: Path, folder: Path, images: Path) -> bool:
    """Whether a file belongs to a folder that is not the folder of the images."""
    return folder.absolute() != images.absolute() and file.absolute().is_relative_to(folder.absolute())


def _number_of_unknown(classes: ClassTable) -> int:
    """What stands for "unknown" in files: the table's own number, else one that it does not use."""
    if classes.ignore:
        return IGNORE if IGNORE in classes.ignore else classes.ignore[0]
    used = {value for values in classes.values for value in values}
    return next(number for number in range(IGNORE, -1, -1) if number not in used)


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(record, dict):
        raise UserError(
            f"{path}: found {type(record).__name__}, expected names and what is known of their masks"
        )
    return record

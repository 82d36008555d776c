"""Which mask belongs to which scene."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from errors import UserError
from products.mask_reader import MASK_MEMBER, find_masks
from products.npz_member import is_npz, npz_keys
from products.scene import SceneKey
from products.scene_names import key_of_path, stem_of
from products.scene_reader import SceneReader

LOG = logging.getLogger(__name__)
# What may stand before or behind a common name, parted by `_`, `-` or `.`.
MASK_AFFIXES = ("mask", "masks", "label", "labels", "classes", "gt", "msk")
IMAGE_AFFIXES = ("image", "img", "scene")
_SHOWN = 5  # names that a message tells


@dataclass(frozen=True)
class Pair:
    """A scene and its mask.

    Attributes:
        image: file or folder of the scene.
        mask: file of the mask.
        key: of the array in the mask's archive, None for rasters.
    """

    image: Path
    mask: Path
    key: str | None = None


@dataclass(frozen=True)
class Pairing:
    """What belongs together, and what is left over.

    Attributes:
        pairs: in the order of the images.
        unpaired_images: images without a mask, or with several that could be theirs.
        unpaired_masks: masks without an image; of archives `file, array`.
    """

    pairs: list[Pair]
    unpaired_images: list[Path] = field(default_factory=list)
    unpaired_masks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Named:
    """An image or a mask: where it is, what it is called without affixes, tile and time."""

    path: Path
    array: str | None
    stem: str
    key: SceneKey | None

    def __str__(self) -> str:
        return str(self.path) if self.array is None else f"{self.path}, {self.array}"


def pair(
    images: Sequence[Path],
    masks: str | Path | Sequence[str | Path] | None,
    reader: SceneReader | None = None,
    *,
    mask_affixes: Sequence[str] = MASK_AFFIXES,
    image_affixes: Sequence[str] = IMAGE_AFFIXES,
) -> Pairing:
    """Pair scenes with masks.

    Names decide, without suffix and without `mask_`, `_labels`, `_image` and the like; then, for what is left, tile and
    time; then tile and day. Where two could belong to one, none does. One image and one mask belong together whatever
    they are called, unless their tiles or times differ. What is left over is named in the log.

    Args:
        images: files and folders of scenes.
        masks: files or folders of masks; None: each image is an archive that holds its own, `msk`. Where a raster is
            among the images too, its name must have an affix of a mask, or it is no mask.
        reader: opens scenes whose names hold no time; None: names alone decide.
        mask_affixes, image_affixes: what stands before or behind the common name.

    Raises:
        UserError: nothing belongs together.
    """
    if masks is None:
        return _inner_masks(images)
    common = {path.absolute() for path in images}
    found, called = [], set()
    for path, array in find_masks(masks):
        named = _mask(path, array, mask_affixes)
        if array is None and path.absolute() in common:
            if named.stem == stem_of(path):
                continue  # an image
            called.add(path.absolute())
        found.append(named)
    scenes = [
        _Named(path, None, _without(stem_of(path), image_affixes), key_of_path(path))
        for path in images
        if path.absolute() not in called
    ]
    pairs: dict[Path, Pair] = {}
    # Whole names first: `scene_1` is a scene's name, and may be its mask's too.
    left = _match(scenes, found, pairs, _same_name)
    left = _match(*left, pairs, lambda image, mask: image.stem == mask.stem)
    if all(left):
        left = [_timed(image, reader) for image in left[0]], left[1]
        left = _match(*left, pairs, _same_time)
        left = _match(*left, pairs, _same_day)
    if len(scenes) == len(found) == 1 and not pairs and None in (left[0][0].key, left[1][0].key):
        left = _match(*left, pairs, lambda image, mask: True)
    if not pairs:
        raise UserError(
            f"masks: found none that belongs to an image: images {_beginning(scenes)}; masks {_beginning(found)}; "
            "expected common names, or tile and time (T32TNS_20210126T102311) in both"
        )
    for image in left[0]:
        LOG.warning("%s is left out: no mask belongs to it, or not to it alone", image)
    for mask in left[1]:
        LOG.warning("%s is left out: no image belongs to it, or not to it alone", mask)
    ordered = [pairs[path] for path in images if path in pairs]
    return Pairing(ordered, [image.path for image in left[0]], [str(mask) for mask in left[1]])


def _inner_masks(images: Sequence[Path]) -> Pairing:
    pairs, left = [], []
    for path in images:
        if path.is_file() and is_npz(path) and MASK_MEMBER in npz_keys(path):
            pairs.append(Pair(path, path, MASK_MEMBER))
        else:
            left.append(path)
    if not pairs:
        names = ", ".join(map(str, left[:_SHOWN]))
        raise UserError(
            f"masks: found none, and none in {names or 'no image'}, expected masks, or archives with {MASK_MEMBER}"
        )
    for path in left:
        LOG.warning("%s is left out: it holds no mask (%s)", path, MASK_MEMBER)
    return Pairing(pairs, left)


def _mask(path: Path, array: str | None, affixes: Sequence[str]) -> _Named:
    # Published archives hold a mask for each date; one with a single mask is called like its image.
    if array is None or array == MASK_MEMBER:
        return _Named(path, array, _without(stem_of(path), affixes), key_of_path(path))
    return _Named(path, array, _without(array, affixes), key_of_path(path, array))


def _without(stem: str, affixes: Sequence[str]) -> str:
    """A name without one affix at its beginning or end."""
    for affix in affixes:
        for mark in "_-.":
            if stem.lower().endswith(f"{mark}{affix}") and len(stem) > len(affix) + 1:
                return stem[: -len(affix) - 1]
            if stem.lower().startswith(f"{affix}{mark}") and len(stem) > len(affix) + 1:
                return stem[len(affix) + 1 :]
    return stem


def _same_name(image: _Named, mask: _Named) -> bool:
    return mask.array in (None, MASK_MEMBER) and stem_of(image.path) == stem_of(mask.path)


def _timed(image: _Named, reader: SceneReader | None) -> _Named:
    if reader is None or (image.key is not None and image.key.tile and not image.key.day_only):
        return image
    with reader.open(image.path) as scene:
        return replace(image, key=scene.key or image.key)


def _match(
    images: Sequence[_Named],
    masks: Sequence[_Named],
    pairs: dict[Path, Pair],
    belongs: Callable[[_Named, _Named], bool],
) -> tuple[list[_Named], list[_Named]]:
    """Add what belongs to each other alone; returns what is left."""
    of_image = [[j for j, mask in enumerate(masks) if belongs(image, mask)] for image in images]
    claims = [0] * len(masks)
    for numbers in of_image:
        for number in numbers:
            claims[number] += 1
    taken, left = set(), []
    for image, numbers in zip(images, of_image, strict=True):
        if len(numbers) == 1 and claims[numbers[0]] == 1:
            mask = masks[numbers[0]]
            pairs[image.path] = Pair(image.path, mask.path, mask.array)
            taken.add(numbers[0])
        else:
            left.append(image)
    return left, [mask for number, mask in enumerate(masks) if number not in taken]


def _same_time(image: _Named, mask: _Named) -> bool:
    if image.key is None or mask.key is None or image.key.day_only or mask.key.day_only:
        return False
    return image.key.matches(mask.key)


def _same_day(image: _Named, mask: _Named) -> bool:
    return image.key is not None and mask.key is not None and image.key.matches(mask.key)


def _beginning(names: Sequence[_Named]) -> str:
    shown = ", ".join(map(str, names[:_SHOWN]))
    return f"{shown}, ... ({len(names)} in all)" if len(names) > _SHOWN else shown or "none"

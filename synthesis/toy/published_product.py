"""Reads the published layout, as written by the original software or by Nadir."""

from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from synthesis.toy.product import Product, Window, checked_features, dataset, file_inside, opened, slices

_KINDS = {"frame": "f", "annotation": "iu"}


class PublishedProduct(Product):
    """The published layout; a frame left out (null in the index) is not in `frame_indices`.

    Args:
        path: of the index.
        index: its content.

    Raises:
        UserError: the index is none, or names a file outside of its folder.
    """

    def __init__(self, path: Path, index: dict[str, Any]) -> None:
        folder = path.parent
        try:
            named = {int(number): names for number, names in index["files"].items() if names}
            self._files = {
                number: {kind: file_inside(folder, names[kind], path) for kind in _KINDS}
                for number, names in named.items()
            }
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{path}: 'files' is not that of a toy product, expected a frame and an annotation per number"
            ) from error
        super().__init__(folder, checked_features(path, index["features"]), sorted(self._files))

    def frame(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.frame`."""
        return self._read(index, "frame", self.shape, window)

    def annotation(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.annotation`."""
        return self._read(index, "annotation", (*self.shape[:2], 2), window)

    def _read(self, index: int, kind: str, shape: tuple[int, ...], window: Window | None) -> np.ndarray:
        path = self._files[index][kind]
        with opened(path) as file:
            found = dataset(file, "data", shape, _KINDS[kind])
            try:
                return found[slices(window)]
            except OSError as error:
                raise UserError(
                    f"{path} cannot be read ({error}): expected an undamaged file of a toy product"
                ) from error

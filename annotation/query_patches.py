"""The patches of a query folder (`products.query_folder`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from annotation.colours import Colours
from annotation.patch_files import read_bands, read_header, read_indices, read_picture, read_single
from annotation.patch_folder import Patch, PatchFolder
from errors import UserError
from products.grid import Grid
from products.query_folder import EDITED, read_queries
from products.query_writing import PICTURES

KINDS = {"known": "masks", "prediction": "predictions", "uncertainty": "uncertainty"}  # sub-folders of layers


class QueryPatches(PatchFolder):
    """What active learning asks.

    Args:
        path: the folder.
        colours: shows patches without pictures.

    Raises:
        UserError: not a query folder, one without queries, or a query without anything to look at.
    """

    def __init__(self, path: Path, colours: Colours) -> None:
        self._folder = read_queries(path)
        self._colours = colours
        self.path, self.classes, self.output = path, self._folder.classes, path / EDITED
        self.patches = tuple(
            Patch(
                query.stem, query.id, query.window.height, query.window.width, query.window, query.score,
                query.acquisition,
            )
            for query in self._folder.queries
        )  # fmt: skip
        if not self.patches:
            raise UserError(f"{path}: found no queries, expected some to annotate")
        for number, patch in enumerate(self.patches):
            if not self.pictures(number):
                raise UserError(
                    f"{path}: found neither {PICTURES[0]}/{patch.name}.png nor images/{patch.name}.tif; "
                    "expected a picture of each query"
                )

    def grid(self, number: int) -> Grid | None:
        """Where a patch lies, as its image says."""
        path = self._file("images", number)
        return read_header(path)[0] if path.exists() else None

    def pictures(self, number: int) -> tuple[str, ...]:
        """The pictures that lie there, else those for which the image has bands."""
        found = tuple(name for name in PICTURES if self._file(name, number).exists())
        image = self._file("images", number)
        return found or (self._colours.names(read_header(image)[1]) if image.exists() else ())

    def picture(self, number: int, name: str) -> np.ndarray:
        """One of them, (h, w, 3) uint8."""
        path = self._file(name, number)
        shape = self.patches[number].shape
        if path.exists():
            return read_picture(path, shape)
        path = self._file("images", number)
        _, bands = read_header(path)
        return self._colours.picture(name, *read_bands(path, shape), bands)

    def layers(self, number: int) -> tuple[str, ...]:
        """Those whose files lie there."""
        return tuple(layer for layer, kind in KINDS.items() if self._file(kind, number).exists())

    def known(self, number: int) -> np.ndarray | None:
        """What was known before."""
        return self._mask(KINDS["known"], number)

    def prediction(self, number: int) -> np.ndarray | None:
        """What the network says."""
        return self._mask(KINDS["prediction"], number)

    def uncertainty(self, number: int) -> np.ndarray | None:
        """How unsure it is."""
        path = self._file(KINDS["uncertainty"], number)
        if not path.exists():
            return None
        return np.nan_to_num(read_single(path, self.patches[number].shape).astype(np.float32))

    def edited(self, number: int) -> np.ndarray | None:
        """The answer."""
        return self._mask(EDITED, number)

    def edited_file(self, number: int) -> Path:
        """Where the answer is, or would be."""
        return self._file(EDITED, number)

    def save(self, number: int, mask: np.ndarray, provenance: Mapping[str, Any]) -> None:
        """Keep an answer with its provenance."""
        self._folder.write_edited(self._folder.queries[number], mask, provenance)

    def _file(self, kind: str, number: int) -> Path:
        return self._folder.file(kind, self._folder.queries[number])

    def _mask(self, kind: str, number: int) -> np.ndarray | None:
        path = self._file(kind, number)
        return read_indices(path, self.patches[number].shape, self.classes) if path.exists() else None

"""What the process of one prediction does: looks over what was sent, then does what `predict.py` does.

A file that brings a library down brings down this process, and neither the worker of DEEPaaS nor the request that
waits for it.
"""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from errors import UserError


@dataclass(frozen=True)
class Order:
    """What the process is to do.

    Attributes:
        sensor: node of `conf/sensor`, as a dict.
        input: what was sent.
        unpacked: an empty folder.
        words: of `predict.py`, without the input.
        pixels: region in pixels of the finest grid; None: see `lonlat`.
        lonlat: region in degrees; None with `pixels` None: the whole product.
        minimum_side_m: of the region.
        max_pixels: of the region.
        members: files in an archive.
        unpacked_bytes: of an archive.
    """

    sensor: dict[str, Any]
    input: str
    unpacked: str
    words: Sequence[str]
    pixels: Sequence[int] | None
    lonlat: Sequence[float] | None
    minimum_side_m: float
    max_pixels: int
    members: int
    unpacked_bytes: int

    def write(self, file: Path) -> None:
        """Write the order where the process will read it."""
        file.write_text(json.dumps(asdict(self)))


def run(file: Path) -> None:
    """Do what the order in `file` says; ends the process where that fails, with a sentence for the user or a traceback."""
    from running.launch import launch

    order = Order(**json.loads(file.read_text()))
    try:
        product = _prepare(order)
    except UserError as error:
        print(f"nadir: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    sys.argv = ["predict.py", *order.words, f"input={quoted(product.path)}"]
    launch("predict")


def quoted(text: Any) -> str:
    """A value of Hydra's grammar that is taken as it stands."""
    # Backslashes only mean something before a quote: there they are doubled, and the quote gets one.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + found[2].replace("'", "\\'"), str(text))
    return f"'{escaped}'"


def _prepare(order: Order) -> Any:
    from products import region
    from running.instantiation import instantiate
    from serving.uploaded_product import ArchiveLimits, UploadedProduct

    sensor = instantiate(order.sensor)
    limits = ArchiveLimits(order.members, order.unpacked_bytes)
    found = UploadedProduct(Path(order.input), sensor, Path(order.unpacked), limits)
    with sensor.open(found.path) as product:
        window = region.finest_window(
            product,
            product.grids,
            pixels=order.pixels,
            lonlat=order.lonlat,
            minimum_side_m=order.minimum_side_m,
        )
    pixels = window.height * window.width
    if pixels > order.max_pixels:
        raise UserError(
            f"region: {window.height} x {window.width} pixels of {product.finest_m} m, "
            f"expected at most {order.max_pixels} in one request"
        )
    return found

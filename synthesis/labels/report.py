"""How much of each class there is in masks."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from products.class_table import IGNORE, ClassTable
from products.mask import RasterMask
from products.window import Window
from synthesis.text_file import write_whole

TABLE = "labels.csv"
UNKNOWN = "unknown"
_STRIP = 512  # rows that are counted at a time


def class_pixels(path: Path, classes: ClassTable) -> dict[str, int]:
    """Pixels of each class in a mask, by name, and of those without one.

    Raises:
        UserError: the mask cannot be read.
    """
    # What we wrote holds indices, not the numbers that stand for the classes elsewhere.
    plain = ClassTable(
        name=classes.name,
        classes={
            name: {"values": [number], "colour": (0, 0, 0)} for number, name in enumerate(classes.names)
        },
    )
    counts = np.zeros(IGNORE + 1, np.int64)
    with RasterMask(path, plain) as mask:
        for row in range(0, mask.grid.height, _STRIP):
            window = Window(row, 0, _STRIP, mask.grid.width).clip(*mask.grid.shape)
            counts += np.bincount(mask.read(window).ravel(), minlength=IGNORE + 1)
    found = {name: int(counts[number]) for number, name in enumerate(classes.names)}
    return {**found, UNKNOWN: int(counts[IGNORE])}


def write_report(folder: Path, rows: Sequence[Mapping[str, str | int]]) -> None:
    """Write `labels.csv`, whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(folder / TABLE, stream.getvalue())


def print_shares(pixels: Sequence[Mapping[str, int]], folder: Path) -> None:
    """Print the share of each class over all masks, and its least and largest in one."""
    table = Table(title=f"{len(pixels)} masks in {folder}", title_justify="left")
    for heading in ("class", "pixels", "share", "least", "most"):
        table.add_column(heading, justify="left" if heading == "class" else "right")
    everything = sum(sum(counts.values()) for counts in pixels)
    for name in pixels[0]:
        total = sum(counts[name] for counts in pixels)
        shares = [counts[name] / sum(counts.values()) for counts in pixels]
        numbers = (total / everything, min(shares), max(shares))
        table.add_row(name, f"{total:,}", *(f"{100 * number:.2f} %" for number in numbers))
    Console().print(table)

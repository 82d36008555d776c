"""Readers of the UEA archive's `.ts` files, and the pool of series that cells draw from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from errors import UserError

SHOWN = 40  # characters of a bad line in a message


@dataclass(frozen=True)
class TimeSeriesFile:
    """The contents of one `.ts` file.

    Attributes:
        path: the file.
        values: (N, D, L) float64: series, dimensions, time steps.
        labels: N class labels.
    """

    path: Path
    values: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class SeriesPool:
    """Series that a cell of a class may follow.

    Attributes:
        values: (N, L, B) float64, scaled to [0, 1] per band.
        classes: (N,) int64, from 1.
    """

    values: np.ndarray
    classes: np.ndarray

    @property
    def length(self) -> int:
        """Time steps of every series."""
        return self.values.shape[1]

    def restricted(self, indices: np.ndarray) -> "SeriesPool":
        """The same pool, in which only the series at `indices` belong to a class; their indices stay."""
        classes = np.zeros_like(self.classes)
        classes[indices] = self.classes[indices]
        return SeriesPool(self.values, classes)

    def members(self, class_number: int) -> np.ndarray:
        """Indices of the series of a class, ascending."""
        return np.flatnonzero(self.classes == class_number)


def read_ts(path: str | Path) -> TimeSeriesFile:
    """Read a multivariate `.ts` file of series of equal length (format of the UEA archive 2018).

    The header (`@name value` lines) decides what is expected: `@dimensions`, `@seriesLength`,
    `@classLabel`, `@timeStamps`. A row holds the dimensions separated by `:`, the class last. A missing
    value `?` is interpolated linearly in time.

    Raises:
        UserError: the file is missing, its header is bad (no `@data`, a number that is none), or it has time
            stamps, no classes or unequal lengths.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        found = "is no file" if path.exists() else "does not exist"
        raise UserError(f"generator.time_series: {path} {found}, expected a .ts file")
    header: dict[str, list[str]] = {}
    series: list[np.ndarray] = []
    labels: list[str] = []
    in_data = False
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, raw in enumerate(lines, start=1):
            line = raw.strip()
            if not line or line.startswith(("#", "%")):
                continue
            if in_data:
                values, label = _row(line, f"{path}, line {number}", header)
                series.append(values)
                labels.append(label)
            elif line.startswith("@"):
                key, *words = line[1:].split() or [""]
                in_data = key.lower() == "data"
                header[key.lower()] = words
                if in_data:
                    _check_header(path, header)
            else:
                raise UserError(
                    f"{path}, line {number}: found '{line[:SHOWN]}' before @data, expected '@name value'"
                )
    if not in_data:
        raise UserError(f"{path} has no @data line: expected a header, @data and one row per series")
    if not series:
        raise UserError(f"{path} holds no series: expected rows after @data")
    if len({values.shape for values in series}) > 1:
        raise UserError(f"{path} holds series of different sizes: expected one length and dimension count")
    return TimeSeriesFile(path, np.stack(series), tuple(labels))


def load_pool(
    paths: Iterable[str | Path], num_bands: int, num_classes: int, scaling: str = "pooled"
) -> SeriesPool:
    """Series of several files, their labels grouped into classes.

    The sorted labels of a file are cut into `num_classes` consecutive groups of (almost) equal size.

    Args:
        paths: `.ts` files, in order.
        num_bands: dimensions kept, the first ones.
        num_classes: groups of labels.
        scaling: minimum and maximum are taken per dimension over all files (`pooled`), or of each file by
            itself (`per_file`, as the published imagery does: TRAIN and TEST then differ).

    Raises:
        UserError: a file is bad, too short of dimensions or labels, or of another length than the first.
    """
    files = [read_ts(path) for path in paths]
    for file in files:
        _, dimensions, length = file.values.shape
        if dimensions < num_bands:
            raise UserError(f"generator.num_bands is {num_bands}: {file.path} has {dimensions} dimensions")
        if length != files[0].values.shape[2]:
            raise UserError(
                f"generator.time_series: series of {file.path} have {length} steps, "
                f"those of {files[0].path} {files[0].values.shape[2]}: expected one length"
            )
    values = [file.values[:, :num_bands].transpose(0, 2, 1) for file in files]
    groups = [values] if scaling == "pooled" else [[part] for part in values]
    scaled = [part for group in groups for part in _min_max(group)]
    classes = [_class_numbers(file, num_classes) for file in files]
    return SeriesPool(np.concatenate(scaled), np.concatenate(classes))


def _check_header(path: Path, header: dict[str, list[str]]) -> None:
    if header.get("timestamps", ["false"])[0].lower() == "true":
        raise UserError(f"{path} has time stamps (@timeStamps true): expected evenly spaced series without")
    if header.get("classlabel", ["false"])[0].lower() != "true":
        raise UserError(f"{path} has no classes: expected '@classLabel true' and the class names")
    for name in ("dimensions", "dimension", "serieslength"):
        words = header.get(name)
        if words is not None and not (len(words) == 1 and words[0].isdecimal() and int(words[0]) > 0):
            shown = {"serieslength": "seriesLength"}.get(name, name)
            raise UserError(
                f"{path}: @{shown} is '{' '.join(words)[:SHOWN]}', expected a whole number of at least 1"
            )


def _row(line: str, place: str, header: dict[str, list[str]]) -> tuple[np.ndarray, str]:
    *dimensions, label = line.split(":")
    label = label.strip()
    if not dimensions:
        raise UserError(f"{place}: found '{line[:SHOWN]}', expected dimensions and a class separated by ':'")
    declared = header.get("dimensions") or header.get("dimension")
    if declared and len(dimensions) != int(declared[0]):
        raise UserError(f"{place}: found {len(dimensions)} dimensions, expected {declared[0]} (@dimensions)")
    names = header["classlabel"][1:]
    if names and label not in names:
        raise UserError(f"{place}: found class '{label}', expected one of {', '.join(names)}")
    columns = [_numbers(text, place) for text in dimensions]
    length = header.get("serieslength")
    for column in columns:
        if len(column) != (int(length[0]) if length else len(columns[0])):
            raise UserError(
                f"{place}: found a series of {len(column)} steps, expected {length[0] if length else len(columns[0])} "
                "(one length; @seriesLength)"
            )
    return np.array(columns), label


def _numbers(text: str, place: str) -> np.ndarray:
    try:
        values = np.array([np.nan if word.strip() == "?" else float(word) for word in text.split(",")])
    except ValueError as error:
        raise UserError(f"{place}: expected numbers separated by commas ({error})") from error
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        raise UserError(f"{place}: found a dimension without any value")
    return np.interp(np.arange(len(values)), known, values[known])


def _min_max(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    low = np.min([part.min(axis=(0, 1)) for part in parts], axis=0)
    span = np.max([part.max(axis=(0, 1)) for part in parts], axis=0) - low
    span[span == 0] = 1.0  # a constant dimension becomes 0 everywhere
    return [(part - low) / span for part in parts]


def _class_numbers(file: TimeSeriesFile, num_classes: int) -> np.ndarray:
    names = sorted(set(file.labels))
    if len(names) < num_classes:
        raise UserError(
            f"generator.num_classes is {num_classes}: {file.path} has {len(names)} classes, expected at least as many"
        )
    groups = np.array_split(names, num_classes)
    number = {str(name): index for index, group in enumerate(groups, start=1) for name in group}
    return np.array([number[label] for label in file.labels])

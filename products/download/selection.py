"""What the user wants of a source: place, time, clouds, names."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from errors import UserError
from products.download.file_names import listed

ORDERS = ("cloudiest", "clearest")


@dataclass(frozen=True)
class Box:
    """A rectangle in degrees; west may be larger than east across the date line."""

    west: float
    south: float
    east: float
    north: float

    def as_list(self) -> list[float]:
        """West, south, east, north."""
        return [self.west, self.south, self.east, self.north]


@dataclass(frozen=True)
class Selection:
    """What is wanted; None is no wish.

    Attributes:
        box: west, south, east, north.
        start, end: first and last day (the whole of it), or moments, ISO 8601.
        cloud_cover: percent, at most.
        count: products, at most.
        product_type: collection of the catalogue, instead of the source's own.
        provider: of eodag, instead of the source's own.
        names: names or patterns (`*`, `?`) of files or data sets.
        events: the same, of events.
        layer: of the auxiliary layers.
        order: `cloudiest` or `clearest`: which of the products that are found come first.
    """

    box: Box | None = None
    start: str | None = None
    end: str | None = None
    cloud_cover: float | None = None
    count: int | None = None
    product_type: str | None = None
    provider: str | None = None
    names: tuple[str, ...] | None = None
    events: tuple[str, ...] | None = None
    layer: str | None = None
    order: str | None = None

    def only(self, source: str, keys: Iterable[str]) -> None:
        """Refuse wishes that a source does not know.

        Raises:
            UserError: naming the key.
        """
        known = tuple(keys)
        for one in fields(self):
            if getattr(self, one.name) is not None and one.name not in known:
                raise UserError(
                    f"{one.name}: source={source} knows no such wish, expected one of {', '.join(known) or 'none'}"
                )

    def needed(self, source: str, key: str, example: str) -> Any:
        """A wish that a source cannot do without.

        Raises:
            UserError: it is missing.
        """
        value = getattr(self, key)
        if value is None:
            raise UserError(f"{key}: source={source} needs one, such as {key}={example}")
        return value

    def moments(self) -> tuple[str | None, str | None]:
        """Start and end in ISO 8601; the end of a day is its last second."""
        end = self.end
        if end is not None and len(end) == len("2024-06-01"):
            end = f"{end}T23:59:59Z"
        return self.start, end


def read_selection(
    *,
    box: Sequence[float] | None,
    start: str | None,
    end: str | None,
    cloud_cover: float | None,
    count: int | None,
    product_type: str | None,
    provider: str | None,
    names: Sequence[str] | str | None,
    events: Sequence[str] | str | None,
    layer: str | None,
    order: str | None = None,
) -> Selection:
    """The wishes of a config, judged.

    Raises:
        UserError: one that makes no sense.
    """
    if cloud_cover is not None and not 0 <= cloud_cover <= 100:
        raise UserError(f"cloud_cover: found {cloud_cover}, expected percent from 0 to 100")
    if count is not None and count < 1:
        raise UserError(f"count: found {count}, expected 1 or more")
    if order is not None and order not in ORDERS:
        raise UserError(f"order: found {order}, expected one of {', '.join(ORDERS)}")
    first, last = _moment("start", start), _moment("end", end)
    if first and last and last + timedelta(days=1) <= first:
        raise UserError(f"end: found {end}, expected a day that is not before start={start}")
    return Selection(
        box=None if box is None else _box(box),
        start=None if start is None else str(start),
        end=None if end is None else str(end),
        cloud_cover=cloud_cover,
        count=count,
        product_type=product_type,
        provider=provider,
        names=_texts(names),
        events=_texts(events),
        layer=layer,
        order=order,
    )


def matching(patterns: Sequence[str], known: Iterable[str], key: str, what: str) -> list[str]:
    """The known names that any of the patterns means, in the order in which they are known.

    Raises:
        UserError: a pattern that means none.
    """
    names = list(known)
    for pattern in patterns:
        if not any(fnmatchcase(name.lower(), pattern.lower()) for name in names):
            raise UserError(f"{key}: found no {what} '{pattern}', expected some of {listed(names)}")
    return [name for name in names if any(fnmatchcase(name.lower(), one.lower()) for one in patterns)]


def chosen(table: Mapping[str, Any], name: str, key: str) -> Any:
    """An entry of the config by its name.

    Raises:
        UserError: there is none.
    """
    if name not in table:
        raise UserError(f"{key}: found '{name}', expected one of {', '.join(sorted(table))}")
    return table[name]


def _box(values: Sequence[float]) -> Box:
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 4 or not all(math.isfinite(number) for number in numbers):
        raise UserError(f"box: found {list(values)}, expected [west,south,east,north] in degrees")
    west, south, east, north = numbers
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90) or west == east:
        raise UserError(
            f"box: found {numbers}, expected west and east within -180 to 180, and south below north within -90 to 90"
        )
    return Box(west, south, east, north)


def _moment(key: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UserError(f"{key}: found '{text}', expected a day such as {date(2024, 6, 1)}") from error
    return moment.replace(tzinfo=None)


def _texts(values: Sequence[str] | str | None) -> tuple[str, ...] | None:
    if values is None:
        return None
    return (values,) if isinstance(values, str) else tuple(str(value) for value in values)

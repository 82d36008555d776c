"""What would be fetched, for people to read, and how far a fetch has come."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from products.download.remote_item import RemoteItem
from products.download.transfer import Progress


def size_in_words(size: int | None) -> str:
    """Bytes as people say them: `1.2 GB` (10^9 bytes)."""
    if size is None:
        return "unknown size"
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def total(items: Sequence[RemoteItem]) -> tuple[int, int]:
    """Bytes of all items whose size is known, and the number of those where it is not."""
    return sum(item.size or 0 for item in items), sum(item.size is None for item in items)


def show(items: Sequence[RemoteItem], there: Sequence[RemoteItem], most: int = 100) -> None:
    """Print the items, what is there already, and the sum, to the standard output."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    width = max((len(item.name) for item in (*items, *there)), default=0)
    for item in items[:most]:
        console.print(f"{item.name:<{width}}  {size_in_words(item.size)}{_facts(item)}")
    if len(items) > most:
        console.print(f"... and {len(items) - most} more")
    for item in there[:most]:
        console.print(f"{item.name:<{width}}  already there")
    size, unknown = total(items)
    doubt = f", and {unknown} of unknown size" if unknown else ""
    console.print(f"to fetch: {len(items)}, {size_in_words(size)}{doubt}; already there: {len(there)}")


def _facts(item: RemoteItem) -> str:
    words = [
        f"{key} {item.facts[key]}" for key in ("acquired", "cloud_cover") if item.facts.get(key) is not None
    ]
    return f"  ({', '.join(words)})" if words else ""


@contextmanager
def progress_bar(name: str, size: int | None, shown: bool) -> Iterator[Progress]:
    """A progress bar on the error stream; gives what a transfer tells its bytes to."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import (
        Progress as Bars,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True, markup=False), disable=not shown) as bars:
        task = bars.add_task(name.replace("[", r"\["), total=size)
        yield lambda done, all_bytes: bars.update(task, completed=done, total=all_bytes)

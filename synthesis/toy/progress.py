"""The progress bar of the toy generators."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(total: int, shown: bool, what: str = "frames") -> Iterator[Callable[[int], None]]:
    """Gives a function that advances a progress bar on the error stream by a number of steps."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as display:
        task = display.add_task(what, total=total)
        yield lambda count: display.advance(task, count)

"""`predict.py task=annotate`: mend the masks of a folder on a page in the browser, on this machine only."""

import asyncio
import contextlib
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from annotation.colours import Colours
from annotation.image_patches import ImagePatches
from annotation.patch_folder import PatchFolder, Start
from annotation.query_patches import QueryPatches
from errors import UserError
from products.class_table import ClassTable
from products.query_folder import RECORD
from products.scene_reader import SceneReader

HOST = "127.0.0.1"  # and no other: whoever reaches the port and knows the token may overwrite masks
CLOSING_S = 2.0  # for answers under way when the command is ended
STARTS = ("known", "prediction", "nothing")


def annotate(
    *,
    input: Path,
    output: Path | None,
    colours: Colours,
    scenes: SceneReader,
    classes: ClassTable | None = None,
    masks: str | None = None,
    annotator: str | None = None,
    start_from: Start = "known",
    largest_side: int = 1024,
    port: int = 0,
    open_browser: bool = True,
    on_start: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Serve the page until Ctrl-C (or SIGTERM).

    Args:
        input: a query folder (`products.query_folder`), or a folder of images.
        output: folder of the mended masks of a folder of images, null: `edited` in it; queries have theirs.
        colours: how images become pictures.
        scenes: opens the images of a plain folder.
        classes: of the masks; queries bring theirs along.
        masks: folder of the masks of a folder of images; null: `masks` in it, or beside the images.
        annotator: who works; recorded with each mask.
        start_from: where masks begin that nobody has mended: known, prediction or nothing.
        largest_side: of patches, in pixels.
        port: of this machine; 0: any free one.
        open_browser: open the page.
        on_start: called with the address once the page can be opened.

    Returns:
        What was saved now, and how many of all patches are edited, in words.

    Raises:
        UserError: nothing to annotate, classes that do not fit, a port that is taken.
    """
    if start_from not in STARTS:
        raise UserError(f"task.start_from: found {start_from}, expected one of {', '.join(STARTS)}")
    folder = open_folder(input, output, colours, scenes, classes, masks)
    for patch in folder.patches:
        if max(patch.shape) > largest_side:
            raise UserError(
                f"{folder.path}: {patch.name} has {patch.height} x {patch.width} pixels, expected at most {largest_side} "
                "a side (task.largest_side)"
            )
    provenance = {} if annotator is None else {"annotator": annotator}
    saved = asyncio.run(_serve(folder, start_from, provenance, port, open_browser, on_start))
    edited = sum(folder.is_edited(number) for number in range(len(folder.patches)))
    masks = "1 mask" if saved == 1 else f"{saved or 'no'} masks"
    return {"saved": f"{masks} to {folder.output}", "edited": f"{edited} of {len(folder.patches)} patches"}


def open_folder(
    path: Path,
    output: Path | None,
    colours: Colours,
    scenes: SceneReader,
    classes: ClassTable | None,
    masks: str | None,
) -> PatchFolder:
    """The patches of a folder of either kind.

    Raises:
        UserError: neither, or arguments that do not go with it.
    """
    if not (path / RECORD).exists():
        if classes is None:
            raise UserError(
                f"classes is required where there is no {RECORD} in {path}: give classes=NAME, e.g. classes=clouds"
            )
        return ImagePatches(path, scenes, colours, classes, output, None if masks is None else Path(masks))
    if output is not None or masks is not None:
        raise UserError(
            f"{'output' if output is not None else 'task.masks'}: {path} is a query folder, whose answers go to its own "
            "sub-folder; expected none"
        )
    folder = QueryPatches(path, colours)
    if classes is not None and classes.names != folder.classes.names:
        raise UserError(
            f"{path}: found queries about {', '.join(folder.classes.names)}, expected classes={classes.name}: "
            f"{', '.join(classes.names)}"
        )
    return folder


async def _serve(
    folder: PatchFolder,
    start: Start,
    provenance: dict[str, Any],
    port: int,
    open_browser: bool,
    on_start: Callable[[str], None] | None,
) -> int:
    """Serve until a signal comes; how many patches were saved."""
    try:
        from aiohttp import web
    except ImportError as error:
        raise UserError("task=annotate needs aiohttp: uv sync --extra annotate") from error
    from annotation.front_door import new_token
    from annotation.server import AnnotationServer

    token = new_token()
    server = AnnotationServer(folder, token, start, provenance)
    # Bodies are taken as they come: nothing is unpacked that could be larger than it looks.
    runner = web.AppRunner(server.app, access_log=None, auto_decompress=False, shutdown_timeout=CLOSING_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        try:
            await site.start()
        except OSError as error:
            raise UserError(
                f"task.port: {port} cannot be used ({error.strerror}), expected a free one or 0"
            ) from error
        address = f"http://{HOST}:{runner.addresses[0][1]}/#token={token}"
        with _stopped_by_signals() as stop:
            print(f"Annotate at {address}  (Ctrl-C ends)", flush=True)  # noqa: T201
            if on_start is not None:
                on_start(address)
            if open_browser:  # in a thread that ends with us: a browser in the terminal would not come back
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            await stop.wait()
            if sys.stdout.isatty():
                print()  # noqa: T201  (behind the ^C of the terminal)
    finally:
        await runner.cleanup()
    return len(server.saved)


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets; the second Ctrl-C ends the command at once, as ever."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def end() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, end)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)

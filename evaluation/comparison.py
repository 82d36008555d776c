"""Maps of classes held against masks: difference maps, scores of scenes and of all, charts over the year."""

import json
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from evaluation.compared_scene import HOW_WRITTEN, ComparedScene, open_pair
from evaluation.difference_map import check_classes, difference_map, difference_palette
from evaluation.results import write_results
from evaluation.segmentation_calendar import by_day
from evaluation.segmentation_metrics import count_pixels
from evaluation.segmentation_plots import plot_calendar, plot_confusion
from evaluation.segmentation_scores import MAJORITY, MODEL, SegmentationScoreBoard
from products.class_raster import ClassRasterWriter
from products.class_table import IGNORE, ClassTable
from products.mask_reader import find_masks
from products.scene_pairing import Pairing, pair

# What segmentation writes beside a map of classes.
_COMPANIONS = ("_probabilities", "_uncertainty")
_CHARTS = {"mean_iou": "mean IoU", "mean_f1": "mean F1", "accuracy": "accuracy"}
_STAGED = ".part"  # ending of the folder in which all is made


def compare(
    input: str | Path,
    output: str | Path | None,
    *,
    masks: str | Path | Sequence[str | Path] | None,
    classes: ClassTable | None,
    predictions: str = "auto",
    resampling: str = "none",
    differences: bool = True,
    pictures: bool = True,
    tile_size: int = 1024,
    progress: bool = True,
    needs_network: bool = False,
) -> dict[str, Any]:
    """Hold predictions against masks, scene by scene, window by window.

    Args:
        input: a map of classes, or a folder of them (also in folders below).
        output: folder for `results.json`, `scenes/<name>.json`, `differences/<name>.tif`, `pictures/`; earlier files
            of these names are replaced, all together.
        masks: files or folders of masks; paired by name, or by tile and time.
        classes: what the numbers in mask files mean.
        predictions: what numbers the maps hold, `auto`, `indices` or `values`, see `evaluation.compared_scene.open_pair`.
        resampling: `none`: both lie on one grid, or `nearest`: masks are taken by their georeference.
        differences: whether to write the maps of differences.
        pictures: whether to draw confusion matrices, of all and of each scene, and charts over the year.
        tile_size: pixels of a square that is read at once, a multiple of 256.
        progress: whether to show a progress bar on standard error.
        needs_network: read by predict.py: this task takes no network.

    Returns:
        scenes, pixels, mean IoU, mean F1, accuracy, predictions and masks that are left over, seconds.

    Raises:
        UserError: nothing belongs together, a file cannot be read, has other classes or another grid, or the output
            cannot be written.
    """
    start = time.perf_counter()
    table = _checked(output, masks, classes, predictions, resampling, tile_size)
    if differences:
        check_classes(table)
    assert output is not None and masks is not None
    pairing = pair(_predictions(Path(input), Path(output)), masks)
    board = SegmentationScoreBoard(table.names)
    with _staged(Path(output)) as folder:
        for one in _with_progress(pairing.pairs, progress):
            scene = open_pair(one, table, predictions, resampling)
            try:
                if scene.name in board.scenes:
                    raise UserError(f"{input}: found two maps called {scene.name}, expected different names")
                _count(scene, board, table, folder if differences else None, tile_size)
            finally:
                scene.close()
        _add_majority(board)
        _write(board, table, pairing, input, masks, folder)
        if pictures:
            _draw(board, table.names, folder / "pictures")
    scores = board.scores()[MODEL]
    return {
        "scenes": len(board.scenes),
        "pixels": board.sections()["scored"]["pixels"],
        **{name: scores[name] for name in _CHARTS},
        "unpaired": len(pairing.unpaired_images) + len(pairing.unpaired_masks),
        "seconds": time.perf_counter() - start,
    }


def _checked(
    output: str | Path | None,
    masks: Any,
    classes: ClassTable | None,
    predictions: str,
    resampling: str,
    tile_size: int,
) -> ClassTable:
    if output is None:
        raise UserError("output is required: give output=FOLDER for scores, charts and maps of differences")
    if masks is None:
        raise UserError("masks is required: give masks=FILE or a folder of masks")
    if classes is None:
        raise UserError("classes is required: give what the numbers in the masks mean, e.g. classes=clouds")
    for name, value, known in (
        ("predictions", predictions, HOW_WRITTEN),
        ("resampling", resampling, ("none", "nearest")),
    ):
        if value not in known:
            raise UserError(f"{name}={value}: expected one of {', '.join(known)}")
    if tile_size < 256 or tile_size % 256:
        raise UserError(f"tile_size={tile_size}: expected a multiple of 256 pixels")
    return classes


def _predictions(path: Path, output: Path) -> list[Path]:
    """Maps of classes in a file or folder, without what lies beside them and what an earlier comparison wrote.

    Raises:
        UserError: there are none.
    """
    own = output.resolve()
    found = [
        file
        for file in dict.fromkeys(file for file, _ in find_masks(path))
        if own not in file.resolve().parents
    ]
    if not found:
        raise UserError(f"input={path}: found no map of classes, expected GeoTIFFs or other rasters")
    stems = {file.with_suffix("") for file in found}
    beside = {stem.with_name(stem.name + ending) for stem in stems for ending in _COMPANIONS}
    return [file for file in found if file.with_suffix("") not in beside]


def _count(
    scene: ComparedScene,
    board: SegmentationScoreBoard,
    classes: ClassTable,
    folder: Path | None,
    tile_size: int,
) -> None:
    """Count the pixels of a scene and write its map of differences."""
    size, known = len(classes), 0
    counts = np.zeros((size, size), np.int64)
    tiles = _counted(scene, tile_size, counts, size)
    if folder is None:
        known = sum(int((truth != IGNORE).sum()) for _, _, truth in tiles)
    else:
        path = folder / "differences" / f"{scene.name}.tif"
        tags = {
            "NADIR_DIFFERENCES": f"prediction * {size} + label",
            "NADIR_PREDICTION": scene.pair.image.name,
            "NADIR_MASK": scene.mask.path.name,
        }
        palette = difference_palette(classes)
        with ClassRasterWriter(path, scene.prediction.grid, classes, tags, palette=palette) as writer:
            for window, prediction, truth in tiles:
                known += int((truth != IGNORE).sum())
                writer.write(window, difference_map(prediction, truth, size))
    board.add_counts(scene.name, {MODEL: counts}, known)


def _counted(scene: ComparedScene, tile_size: int, counts: np.ndarray, size: int) -> Iterator[Any]:
    """The windows of a scene, counted on their way."""
    for window, prediction, truth in scene.windows(tile_size):
        counts += count_pixels(truth, prediction, size)
        yield window, prediction, truth


def _add_majority(board: SegmentationScoreBoard) -> None:
    """The commonest class everywhere: what the model's matrices say of it, without reading again."""
    total = board.confusion_matrix(MODEL).sum(axis=1)
    if not total.any():
        raise UserError("masks: found no pixel that has a class in both, expected some to compare")
    commonest = int(total.argmax())
    board.add_constant(MAJORITY, commonest)
    name = board.classes[commonest]
    board.notes[MAJORITY] = (
        f"{name} everywhere, the commonest class of these masks: no class does better alone"
    )


def _draw(board: SegmentationScoreBoard, classes: Sequence[str], folder: Path) -> None:
    """Confusion matrices of each scene and of all, and charts of scores over the days of the year."""
    (folder / "confusion").mkdir(parents=True)
    for name in board.scenes:
        counts = board.confusion_matrix(MODEL, name)
        if counts.any():
            title = f"{name}: {counts.sum():,} pixels"
            plot_confusion(counts, classes, folder / "confusion" / f"{name}.png", title)
    counts, by_scene = board.confusion_matrix(MODEL), board.scene_scores()
    title = f"{counts.sum():,} pixels of {len(by_scene)} scenes"
    plot_confusion(counts, classes, folder / "confusion.png", title)
    for score, words in _CHARTS.items():
        days = by_day({name: scores[MODEL][score] for name, scores in by_scene.items()})
        if days:
            plot_calendar(days, folder / f"calendar_{score}.png", f"{words} by day, {len(by_scene)} scenes")


def _write(
    board: SegmentationScoreBoard,
    classes: ClassTable,
    pairing: Pairing,
    input: str | Path,
    masks: Any,
    folder: Path,
) -> None:
    """The scores of each scene and of all."""
    sections = board.sections()
    (folder / "scenes").mkdir(parents=True)
    for one, name in zip(pairing.pairs, board.scenes, strict=True):
        counts = board.confusion_matrix(MODEL, name)
        facts = {
            "scene": name,
            "prediction": str(one.image),
            "mask": str(one.mask) if one.key is None else f"{one.mask}, {one.key}",
            "pixels": int(counts.sum()),
            "scores": sections["scenes"][name][MODEL],
            "classes": list(classes.names),
            "confusion_matrix": counts.tolist(),
        }
        (folder / "scenes" / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    metrics = {name: value for name, value in sections["scores"][MODEL].items() if value is not None}
    given = [str(masks)] if isinstance(masks, str | Path) else [str(item) for item in masks]
    results = {
        "experiment": "comparison",
        "data": {"source": str(input), "masks": ", ".join(given), "classes": classes.name},
        "metrics": metrics,
        **sections,
        "unpaired": {
            "predictions": [str(path) for path in pairing.unpaired_images],
            "masks": list(pairing.unpaired_masks),
        },
    }
    write_results(folder / "results.json", results)


@contextmanager
def _staged(output: Path) -> Iterator[Path]:
    """A folder beside the output in which its files are made; they take their places when all are whole.

    Raises:
        UserError: the output is a file, or cannot be written.
    """
    if output.is_file():
        raise UserError(f"output={output}: found a file, expected a folder")
    place = output.resolve()
    staged = place.with_name(f".{place.name}{_STAGED}")
    try:
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        yield staged
        for file in sorted(path for path in staged.rglob("*") if path.is_file()):
            target = output / file.relative_to(staged)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
    except OSError as error:
        raise UserError(f"output={output} cannot be written: {error}") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _with_progress(pairs: Sequence[Any], shown: bool) -> Iterable[Any]:
    if not shown:
        return pairs
    from rich.console import Console
    from rich.progress import track

    return track(pairs, "comparing", console=Console(stderr=True), transient=True)

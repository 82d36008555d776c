"""The scores of segmentation and of its baselines, on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

SHOWN = {
    "mean_iou": "mean IoU",
    "mean_f1": "F1",
    "mean_precision": "precision",
    "mean_recall": "recall",
    "accuracy": "accuracy",
    "kappa": "kappa",
}
Scores = Mapping[str, Mapping[str, float | None]]


def segmentation_tables(results: Mapping[str, Any]) -> list[Table]:
    """Tables of the section `scores` of a `results.json`: means over the classes, and the IoU of each class.

    A score has the spread of `scores_spread` below it where several runs were joined. The best of a column is bold.

    Returns:
        Empty where the results are not of segmentation.
    """
    scores: Scores = results.get("scores") or {}
    scored = results.get("scored") or {}
    classes = scored.get("classes")
    if not classes or not any("mean_iou" in values for values in scores.values()):
        return []
    spread: Scores = results.get("scores_spread") or {}
    tested = ", ".join(
        f"{what}: {scored[what]:,}" for what in ("scenes", "windows", "pixels") if what in scored
    )
    by_class = {f"iou_{name}": str(name).replace("_", " ") for name in classes}
    return [
        _table("scores, means over the classes", tested, SHOWN, scores, spread),
        _table("IoU of each class", "", by_class, scores, spread),
    ]


def _table(title: str, caption: str, columns: Mapping[str, str], scores: Scores, spread: Scores) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        caption=caption or None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", min_width=13)
    best = {}
    for name, heading in columns.items():
        table.add_column(heading, justify="right", no_wrap=True)
        best[name] = _best([values.get(name) for values in scores.values()])
    for method, values in scores.items():
        cells = [_cell(values.get(name), spread.get(method, {}).get(name), best[name]) for name in columns]
        table.add_row(method.replace("_", " "), *cells)
    return table


def _best(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _cell(value: float | None, deviation: float | None, best: float | None) -> str:
    text = "-" if value is None else f"{value:.3f}"
    if deviation is not None:
        text += f"\n±{deviation:.3f}"  # below: beside it a table would not fit
    return f"[bold]{text}[/bold]" if value is not None and value == best else text

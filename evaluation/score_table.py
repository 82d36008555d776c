"""The scores of translation models and their baselines on the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table


@dataclass(frozen=True)
class Column:
    """A column: the score, its heading, decimals, and whether more is better."""

    score: str
    heading: str
    decimals: int
    more_is_better: bool


OURS = (
    Column("psnr", "PSNR", 2, True),
    Column("ssim", "SSIM", 3, True),
    Column("mae", "MAE", 3, False),
    Column("sam", "SAM", 1, False),
    Column("ergas", "ERGAS", 1, False),
    Column("accuracy", "acc.", 3, True),
    Column("kappa", "kappa", 3, True),
    Column("jaccard", "Jacc.", 3, True),
)
PUBLISHED = (
    Column("mae_published", "MAE", 3, False),
    Column("mse_published", "MSE", 3, False),
    Column("psnr_published", "PSNR", 1, True),
    Column("ssim_published", "SSIM", 3, True),
    Column("sam_published", "SAM", 3, False),
    Column("jaccard", "J gen", 3, True),
    Column("jaccard_real", "J real", 3, True),
    Column("jaccard_ratio", "J ratio", 3, True),
)


def score_tables(results: Mapping[str, Any]) -> list[Table]:
    """Tables of the section `scores` of a `results.json`: ours, and that of the published scores; none without scores.

    A score has the spread of `scores_spread` below it where several runs were joined. The best of a column is bold.
    """
    scores: Mapping[str, Mapping[str, float | None]] = results.get("scores") or {}
    spread: Mapping[str, Mapping[str, float | None]] = results.get("scores_spread") or {}
    scored = results.get("scored") or {}
    tested = f"scenes: {scored['scenes']}, frames: {scored['frames']}" if scored else ""
    tables = []
    for title, columns, needed in (
        ("scores", OURS, "psnr"),
        ("scores as published", PUBLISHED, "psnr_published"),
    ):
        if any(values.get(needed) is not None for values in scores.values()):
            tables.append(_table(title, tested, columns, scores, spread))
    return tables


def _table(
    title: str,
    tested: str,
    columns: tuple[Column, ...],
    scores: Mapping[str, Mapping[str, float | None]],
    spread: Mapping[str, Mapping[str, float | None]],
) -> Table:
    shown = [c for c in columns if any(values.get(c.score) is not None for values in scores.values())]
    table = Table(
        title=title,
        title_justify="left",
        caption=tested or None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", min_width=13)
    best = {}
    for column in shown:
        table.add_column(column.heading, justify="right", no_wrap=True)
        known = [value for each in scores.values() if (value := each.get(column.score)) is not None]
        best[column.score] = (max if column.more_is_better else min)(known)
    for method, values in scores.items():
        cells = []
        for column in shown:
            value, deviation = values.get(column.score), spread.get(method, {}).get(column.score)
            text = "-" if value is None else f"{value:.{column.decimals}f}"
            if deviation is not None:
                text += f"\n±{deviation:.{column.decimals}f}"  # below: beside it a table would not fit
            cells.append(f"[bold]{text}[/bold]" if value == best[column.score] else text)
        table.add_row(method.replace("_", " "), *cells)
    return table

"""The scores of models that make images, and of their baselines, on the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table

from evaluation.segmentation_table import segmentation_tables

COUNTED = ("target_m", "scenes", "frames", "windows")  # of the section `scored`, below the table


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
SUPER_RESOLUTION = (
    Column("rmse", "RMSE", 1, False),
    Column("sre", "SRE", 2, True),
    Column("sam", "SAM", 2, False),
    Column("uiq", "UIQ", 3, True),
    Column("ergas", "ERGAS", 2, False),
    Column("consistency_rmse", "consistency", 1, False),
)


def score_tables(results: Mapping[str, Any]) -> list[Table]:
    """Tables of the section `scores` of a `results.json`: ours, and that of the published scores; none without scores.

    A score has the spread of `scores_spread` below it where several runs were joined. The best of a column is bold.
    Scores of super-resolution have a table of their own, and one of the RMSE of each band (section `bands`).
    """
    scores: Mapping[str, Mapping[str, float | None]] = results.get("scores") or {}
    spread: Mapping[str, Mapping[str, float | None]] = results.get("scores_spread") or {}
    scored = results.get("scored") or {}
    tested = ", ".join(f"{what}: {scored[what]}" for what in COUNTED if what in scored)
    tables = []
    for title, columns, needed in (
        ("scores", OURS, "psnr"),
        ("scores as published", PUBLISHED, "psnr_published"),
        ("scores: RMSE in DN, SRE in dB, SAM in degrees", SUPER_RESOLUTION, "rmse"),
    ):
        if any(values.get(needed) is not None for values in scores.values()):
            tables.append(_table(title, tested, columns, scores, spread))
    bands: Mapping[str, Mapping[str, Mapping[str, float | None]]] = results.get("bands") or {}
    if any(rows for rows in bands.values()):
        tables.append(_band_table(bands))
    return tables + segmentation_tables(results)


def _band_table(bands: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> Table:
    table = _empty_table("RMSE by band, digital numbers")
    table.add_column("band")
    for method in bands:
        table.add_column(method.replace("_", " "), justify="right")
    for name in dict.fromkeys(name for rows in bands.values() for name in rows):
        values = [rows.get(name, {}).get("rmse") for rows in bands.values()]
        best = min((value for value in values if value is not None), default=None)
        cells = ["-" if value is None else f"{value:.1f}" for value in values]
        bold = [value is not None and value == best for value in values]
        table.add_row(name, *(f"[bold]{c}[/bold]" if b else c for c, b in zip(cells, bold, strict=True)))
    return table


def _table(
    title: str,
    tested: str,
    columns: tuple[Column, ...],
    scores: Mapping[str, Mapping[str, float | None]],
    spread: Mapping[str, Mapping[str, float | None]],
) -> Table:
    shown = [c for c in columns if any(values.get(c.score) is not None for values in scores.values())]
    table = _empty_table(title, tested)
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


def _empty_table(title: str, caption: str = "") -> Table:
    return Table(
        title=title,
        title_justify="left",
        caption=caption or None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )

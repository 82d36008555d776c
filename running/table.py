"""Results on the terminal: one table, and those of the family."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from evaluation.score_table import score_tables


def print_results(results: dict[str, Any], title: str) -> None:
    """Print the metrics of a `results.json`, the scores beside baselines, rate-distortion points and BD-rates that it has."""
    console = Console(width=None, soft_wrap=False)
    console.print(title, soft_wrap=True, highlight=False)
    tables = score_tables(results)
    scored = results["scores"].get("model", {}) if tables else {}
    others = {name: value for name, value in results.get("metrics", {}).items() if name not in scored}
    if others:
        table = Table()
        table.add_column("metric")
        table.add_column("value", justify="right")
        for name, value in sorted(others.items()):
            table.add_row(name, show(value))
        console.print(table)
    for each in tables:
        console.print(each)
    for name, reason in results.get("score_notes", {}).items():
        console.print(f"{name}: {reason}", soft_wrap=True, highlight=False)
    points = results.get("rate_distortion", [])
    if len(points) > 1:
        console.print(_points_table(points))
    for key, words in (
        ("bd_rate", "BD-rate of the learned codec (negative: fewer bits at equal PSNR)"),
        ("rate_saving_at_equal_psnr", "bits saved at equal PSNR against each codec's own ladder"),
    ):
        section = results.get(key)
        if section:
            values = ", ".join(
                f"{codec} {'-' if v is None else f'{v:+.1f} %'}" for codec, v in section.items()
            )
            console.print(f"{words}: {values}", highlight=False)


def show(value: Any) -> str:
    """A number in four significant digits; anything else as JSON."""
    return f"{value:.4g}" if isinstance(value, int | float) else json.dumps(value)


def _points_table(points: list[dict[str, Any]]) -> Table:
    table = Table(title="rate-distortion", title_justify="left")
    for column in ("codec", "setting", "bits per pixel", "PSNR (dB)", "MS-SSIM"):
        table.add_column(column, justify="left" if column in ("codec", "setting") else "right")
    for point in points:
        values = [point.get(key) for key in ("bits_per_pixel", "psnr", "ms_ssim")]
        table.add_row(
            str(point["codec"]), str(point["setting"]), *("-" if v is None else f"{v:.4g}" for v in values)
        )
    return table

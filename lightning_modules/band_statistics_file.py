"""Statistics of bands from the file that `generate.py generator=band_statistics` writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from errors import UserError


def read_band_statistics(path: str | Path, bands: Sequence[str]) -> dict[str, list[float]]:
    """{mean, std} of `bands`, in their order, in digital numbers.

    The file is YAML: `bands`, a list of names, with lists `mean` and `std` beside it; other bands than those asked for do not
    matter.

    Raises:
        UserError: no such file, another content, or a band that it does not have.
    """
    content = _content(path)
    try:
        names = [str(name) for name in content["bands"]]
        columns = {key: [float(value) for value in content[key]] for key in ("mean", "std")}
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: found no lists bands, mean and std, expected statistics of bands"
        ) from error
    if any(len(values) != len(names) for values in columns.values()):
        raise UserError(
            f"{path}: found {len(names)} bands, {len(columns['mean'])} means and {len(columns['std'])} deviations, "
            "expected as many of each"
        )
    missing = [band for band in bands if band not in names]
    if missing:
        raise UserError(f"{path}: found statistics of {', '.join(names)}, expected {missing[0]} too")
    return {key: [values[names.index(band)] for band in bands] for key, values in columns.items()}


def read_log_constants(path: str | Path) -> dict[str, Any]:
    """{low, high: digital numbers by band, shares}: what `networks.band_normalisation.LogNormalisation` takes.

    Raises:
        UserError: no such file, or another content.
    """
    content = _content(path)
    try:
        log = content["log"]
        constants = {
            key: {str(name): float(value) for name, value in log[key].items()} for key in ("low", "high")
        }
        return {**constants, "shares": [float(share) for share in log["shares"]]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: found no constants low, high and shares under log") from error


def _content(path: str | Path) -> Any:
    path = Path(path)
    if not path.is_file():
        raise UserError(f"model.normalisation.file: there is no such file: {path}")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable YAML file, expected statistics of bands") from error

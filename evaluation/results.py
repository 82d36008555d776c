"""`results.json`: the one schema for the results of every family (`docs/results.md`)."""

import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError

SCHEMA = "nadir-results/1"
# What every point of a rate-distortion section holds; further keys are free.
POINT_NUMBERS = ("bytes", "bits_per_pixel", "psnr")
POINT_NUMBERS_OR_NULL = ("setting", "ms_ssim")
SCORE_SECTIONS = ("scores", "scores_std", "scores_spread")
PERCENT_SECTIONS = ("bd_rate", "bd_rate_payload", "rate_saving_at_equal_psnr")


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """Check `results` and write them, wholly or not at all.

    NumPy numbers and arrays become plain ones; the key `schema` is added where it is missing.

    Raises:
        ValueError: the results do not follow the schema, or a number is NaN or infinite; the message names
            the key.
    """
    plain = _plain({"schema": SCHEMA, **results}, "results")
    problem = problem_of(plain)
    if problem:
        raise ValueError(problem)
    text = json.dumps(plain, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    path = Path(path)
    descriptor, temporary = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_results(path: Path) -> dict[str, Any]:
    """The contents of a `results.json`.

    Raises:
        UserError: no such file, no JSON, or not of this schema.
    """
    try:
        results = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    problem = problem_of(results)
    if problem:
        raise UserError(f"{path} is not a result file: {problem}")
    return results


def problem_of(results: Any) -> str | None:
    """Why plain data are not results of this schema, in one sentence; None where they are."""
    if not isinstance(results, dict):
        return f"results must be an object, found {type(results).__name__}"
    if results.get("schema") != SCHEMA:
        return f"schema is {results.get('schema')!r}, expected {SCHEMA!r}"
    for key, kind in (("experiment", str), ("data", dict), ("metrics", dict)):
        if not isinstance(results.get(key), kind):
            return f"{key} must be {kind.__name__}, found {results.get(key)!r}"
    for name, value in results["metrics"].items():
        if not _is_number(value):
            return f"metrics.{name} must be a number, found {value!r}"
    return (
        _problem_of_percents(results)
        or _problem_of_points(results.get("rate_distortion", []))
        or _problem_of_scores(results)
    )


def _problem_of_percents(results: dict[str, Any]) -> str | None:
    for section in PERCENT_SECTIONS:
        if section not in results:
            continue
        if not isinstance(results[section], dict):
            return f"{section} must be an object of codec and percent, found {results[section]!r}"
        for codec, percent in results[section].items():
            if not (_is_number(percent) or percent is None):
                return f"{section}.{codec} must be a number or null, found {percent!r}"
    return None


def _problem_of_points(points: Any) -> str | None:
    if not isinstance(points, list):
        return f"rate_distortion must be a list, found {type(points).__name__}"
    for index, point in enumerate(points):
        if not isinstance(point, dict) or not isinstance(point.get("codec"), str):
            return f"rate_distortion[{index}] must be an object with a codec, found {point!r}"
        for key in POINT_NUMBERS:
            if not _is_number(point.get(key)):
                return f"rate_distortion[{index}].{key} must be a number, found {point.get(key)!r}"
        for key in POINT_NUMBERS_OR_NULL:
            if key not in point or not (point[key] is None or _is_number(point[key])):
                return f"rate_distortion[{index}].{key} must be a number or null, found {point.get(key)!r}"
    return None


def _problem_of_scores(results: dict[str, Any]) -> str | None:
    for section in SCORE_SECTIONS:
        methods = results.get(section, {})
        if not isinstance(methods, dict):
            return f"{section} must be an object of method and scores, found {methods!r}"
        for method, scores in methods.items():
            if not isinstance(scores, dict):
                return f"{section}.{method} must be an object of score and number, found {scores!r}"
            for name, value in scores.items():
                if not (_is_number(value) or value is None):
                    return f"{section}.{method}.{name} must be a number or null, found {value!r}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}: JSON has no such number")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Path):
        return str(value)
    raise ValueError(f"{where} is a {type(value).__name__}, which JSON cannot hold")

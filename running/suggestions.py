"""One clear sentence out of Hydra's and OmegaConf's errors, with the nearest valid name."""

import difflib
import re
from collections.abc import Iterable

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, InterpolationResolutionError, MissingMandatoryValue


def nearest(name: str, names: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the most similar of `names`, or the empty string."""
    names = list(names)
    by_last_part = {candidate.rsplit(".", 1)[-1]: candidate for candidate in reversed(names)}
    last_part = name.rsplit(".", 1)[-1]
    if last_part in by_last_part:  # the right word in the wrong group
        found = [by_last_part[last_part]]
    else:
        found = difflib.get_close_matches(name, names, n=1, cutoff=0.6) or [
            by_last_part[hit] for hit in difflib.get_close_matches(last_part, by_last_part, n=1, cutoff=0.8)
        ]
    return f" (did you mean '{found[0]}'?)" if found else ""


def keys(config: DictConfig, prefix: str = "") -> list[str]:
    """All dotted keys of a config, groups included."""
    found: list[str] = []
    for key in map(str, config):
        name = f"{prefix}{key}"
        found.append(name)
        if not OmegaConf.is_missing(config, key) and not OmegaConf.is_interpolation(config, key):
            node = config[key]
            if isinstance(node, DictConfig):
                found.extend(keys(node, f"{name}."))
    return found


def sentence(error: Exception, valid_keys: Iterable[str]) -> str:
    """What went wrong while composing, in one sentence.

    Args:
        error: an exception of Hydra or OmegaConf.
        valid_keys: keys that could have been meant.
    """
    text = str(error)
    missing = re.search(r"Missing mandatory value: (\S+)", text)
    if missing or isinstance(error, MissingMandatoryValue):
        key = missing.group(1) if missing else getattr(error, "full_key", None) or text
        return f"{key} is required: give {key}=..."
    if isinstance(error, OverrideParseException):
        return f"'{error.override}' cannot be read as key=value: {_first_line(str(error.__cause__ or error))}"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = list(error.options or [])
        if group:
            return (
                f"{group}={option}: there is no such choice{nearest(option, options)}; "
                f"expected one of {', '.join(options)}"
            )
    unknown = _unknown_key(text)
    inner = getattr(error.__cause__, "full_key", None)
    if unknown is not None and inner and inner.startswith(f"{unknown}."):
        unknown = inner  # a group was given as {key: value}, and one of the keys is wrong
    if unknown is not None:
        return f"'{unknown}' is not a key of this config{nearest(unknown, valid_keys)}"
    if isinstance(error, InterpolationKeyError | InterpolationResolutionError):
        return f"{error.full_key}: {_first_line(text)}"
    cause = error.__cause__
    detail = (
        f" ({_first_line(str(cause))})" if cause is not None and isinstance(error, HydraException) else ""
    )
    return f"{_first_line(text)}{detail}"


def _unknown_key(text: str) -> str | None:
    for pattern in (
        r"Could not override '([^']+)'",
        r"Could not append to config\. An item is already at '([^']+)'",
        r"Could not delete from config\. '([^']+)'",
    ):
        found = re.search(pattern, text)
        if found:
            return found.group(1).split("@")[0]
    return None


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "unknown error"

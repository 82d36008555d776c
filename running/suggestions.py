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
    readings = (
        _unreadable(error),
        _missing_choice(error),
        _missing_value(error),
        _wrong_key(error, valid_keys),
    )
    return next((reading for reading in readings if reading is not None), _anything_else(error))


def _unreadable(error: Exception) -> str | None:
    if not isinstance(error, OverrideParseException):
        return None
    return f"'{error.override}' cannot be read as key=value: {_first_line(str(error.__cause__ or error))}"


def _missing_choice(error: Exception) -> str | None:
    if not isinstance(error, MissingConfigException) or not error.missing_cfg_file:
        return None
    group, _, option = error.missing_cfg_file.rpartition("/")
    options = list(error.options or [])
    if not group:
        return None
    return f"{group}={option}: there is no such choice{nearest(option, options)}; expected one of {', '.join(options)}"


def _missing_value(error: Exception) -> str | None:
    text = str(error)
    named = re.search(r"Missing mandatory value: (\S+)", text)
    if named is None and not isinstance(error, MissingMandatoryValue):
        return None
    key = named.group(1) if named else getattr(error, "full_key", None) or text
    return f"{key} is required: give {key}=..."


def _wrong_key(error: Exception, valid_keys: Iterable[str]) -> str | None:
    text = str(error)
    present = re.search(r"An item is already at '([^']+)'", text)
    if present:
        return f"'{present.group(1)}' is a key of this config already: give it without the +"
    found = re.search(r"Could not override '([^']+)'|Could not delete from config\. '([^']+)'", text)
    if not found:
        return None
    unknown = (found.group(1) or found.group(2)).split("@")[0]
    inner = getattr(error.__cause__, "full_key", None)
    if inner and inner.startswith(f"{unknown}."):
        unknown = inner  # a group was given as {key: value}, and one of the keys is wrong
    return f"'{unknown}' is not a key of this config{nearest(unknown, valid_keys)}"


def _anything_else(error: Exception) -> str:
    if isinstance(error, InterpolationKeyError | InterpolationResolutionError):
        return f"{error.full_key}: {_first_line(str(error))}"
    cause = error.__cause__
    detail = (
        f" ({_first_line(str(cause))})" if cause is not None and isinstance(error, HydraException) else ""
    )
    return f"{_first_line(str(error))}{detail}"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "unknown error"

"""Looks over a composed config before anything heavy is imported.

Types are held against the catalogue's own defaults, ranges and choices against `conf/constraints.yaml`, and
what only the data can tell (a missing folder, a patch larger than the images) by the `preflight` that a group
may name: a light function that imports no torch.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf

from errors import UserError
from running.command_line import parse
from running.instantiation import instantiate
from running.suggestions import nearest

CONSTRAINTS = Path(__file__).resolve().parents[1] / "conf" / "constraints.yaml"
_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a group of keys",
}


def check(config: DictConfig, config_name: str, overrides: list[str], *, data: bool = True) -> None:
    """Refuse a config that cannot work.

    Args:
        config: composed, without the `hydra` node.
        config_name: what it was composed from.
        overrides: the words that the user gave.
        data: whether the job reads the data of the config; false: they may be gone.

    Raises:
        UserError: naming the key, what was found and what was expected.
    """
    parsed = [override for override in map(parse, overrides) if override is not None]
    check_missing(config)
    check_types(config, _defaults(config_name, parsed), parsed)
    check_constraints(config)
    if data:
        run_preflights(config)


def check_missing(config: DictConfig) -> None:
    """Every mandatory value must be given."""
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise UserError(f"{missing[0]} is required: give {missing[0]}=...")


def check_types(config: DictConfig, defaults: DictConfig, overrides: list[Override]) -> None:
    """A value laid over a default must be of its kind: a number over a number, a group over a group."""
    for override in overrides:
        key = override.key_or_group
        if override.is_delete() or override.is_add() or "/" in key:
            continue
        before = OmegaConf.select(defaults, key)
        after = OmegaConf.select(config, key)
        if before is None or after is None:
            continue
        if isinstance(after, DictConfig) and isinstance(before, DictConfig):
            continue
        expected, found = _kind(before), _kind(after)
        if expected is found or (expected is float and found is int):
            continue
        if expected is int and found is float and float(after).is_integer():
            continue
        raise UserError(f"{key}: found {_show(after)}, expected {_NAMES[expected]} such as {_show(before)}")


def check_constraints(config: DictConfig) -> None:
    """Ranges and choices of `conf/constraints.yaml`, by top-level key or by a node's `_target_`."""
    rules = OmegaConf.to_container(OmegaConf.load(CONSTRAINTS))
    assert isinstance(rules, dict)
    _hold(config, "", rules.pop("config"))
    for name, node in _nodes(config):
        target = node.get("_target_")
        if target in rules:
            _hold(node, f"{name}.", rules[target])


def run_preflights(config: DictConfig) -> None:
    """Let each group look at the outside world (files, folders) in the light way that it names."""
    for node in config.values():
        if isinstance(node, DictConfig) and node.get("preflight") is not None:
            instantiate(node.preflight)


def _hold(node: DictConfig, prefix: str, rules: dict[str, dict[str, Any]]) -> None:
    for pattern, rule in rules.items():
        for key in (
            [pattern] if "*" not in pattern else [str(k) for k in node if fnmatchcase(str(k), pattern)]
        ):
            value = OmegaConf.select(node, key)
            if value is not None:
                _hold_one(f"{prefix}{key}", value, rule)


def _hold_one(key: str, value: Any, rule: dict[str, Any]) -> None:
    values = list(value) if isinstance(value, ListConfig) else [value]
    for item in values:
        if "choices" in rule and item not in rule["choices"]:
            raise UserError(
                f"{key}: found {_show(item)}{nearest(str(item), map(str, rule['choices']))}, "
                f"expected one of {', '.join(map(str, rule['choices']))}"
            )
        kinds = {"integer": (int,), "number": (int, float), "text": (str,), "boolean": (bool,)}
        if "type" in rule and (
            not isinstance(item, kinds[rule["type"]])
            or (isinstance(item, bool) and rule["type"] != "boolean")
        ):
            names = {
                "integer": "a whole number",
                "number": "a number",
                "text": "text",
                "boolean": "true or false",
            }
            raise UserError(f"{key}: found {_show(item)}, expected {names[rule['type']]}")
        for bound, wrong in (
            ("minimum", lambda a, b: a < b),
            ("maximum", lambda a, b: a > b),
            ("above", lambda a, b: a <= b),
        ):
            if bound in rule and isinstance(item, int | float) and wrong(item, rule[bound]):
                words = {"minimum": "at least", "maximum": "at most", "above": "more than"}[bound]
                raise UserError(f"{key}: found {item}, expected {words} {rule[bound]}")


def _nodes(node: Any, name: str = "") -> Iterator[tuple[str, DictConfig]]:
    if isinstance(node, DictConfig):
        if name:
            yield name, node
        for key in map(str, node):
            if not OmegaConf.is_missing(node, key) and not OmegaConf.is_interpolation(node, key):
                yield from _nodes(node[key], f"{name}.{key}" if name else key)


def _defaults(config_name: str, overrides: list[Override]) -> DictConfig:
    """The same config with the user's group choices but without the user's values."""
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    groups = set(hydra.config_loader.list_groups(""))
    choices = [
        override.input_line
        for override in overrides
        if override.input_line and (override.key_or_group in groups or "/" in override.key_or_group)
    ]
    return hydra.compose_config(
        config_name, choices, run_mode=RunMode.RUN, with_log_configuration=False, from_shell=False
    )


def _kind(value: Any) -> type:
    if isinstance(value, DictConfig):
        return dict
    if isinstance(value, ListConfig):
        return list
    return next((kind for kind in (bool, int, float) if isinstance(value, kind)), str)


def _show(value: Any) -> str:
    if isinstance(value, DictConfig):
        return "a group of keys"
    return f"'{value}'" if isinstance(value, str) else str(value)

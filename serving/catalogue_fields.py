"""A typed argument for a key of the catalogue: its kind, limits, default and help are those of the config."""

from functools import cache
from typing import Any

from marshmallow import fields, validate
from omegaconf import OmegaConf

from running.config_check import CONSTRAINTS

_KINDS: dict[str, type[fields.Field]] = {
    "boolean": fields.Boolean,
    "integer": fields.Integer,
    "number": fields.Float,
    "text": fields.String,
}


def field_of(
    default: Any, description: str, rule: dict[str, Any] | None = None, **kwargs: Any
) -> fields.Field:
    """A field for a key with this default; a default of None says that the key may be left to the config.

    Args:
        default: the config's value.
        description: the comment behind the key.
        rule: of `conf/constraints.yaml`.
        kwargs: further arguments of the field.
    """
    rule = rule or {}
    kind = _KINDS[_kind_of(default, rule)]
    validators: list[Any] = []
    if "choices" in rule:
        validators.append(validate.OneOf([choice for choice in rule["choices"] if choice is not None]))
    low, high = rule.get("minimum", rule.get("above")), rule.get("maximum")
    if low is not None or high is not None:
        validators.append(validate.Range(min=low, max=high, min_inclusive="above" not in rule))
    if kind is fields.Float:
        kwargs["allow_nan"] = False
    if kind is fields.Integer:
        kwargs["strict"] = False
    return kind(
        load_default=default,
        allow_none=default is None,
        validate=validators or None,
        metadata={"description": description},
        **kwargs,
    )


def is_closed(default: Any, rule: dict[str, Any]) -> bool:
    """Whether all that fits a key is known beforehand: free text must not reach a config, it could be its grammar."""
    return "choices" in rule or _kind_of(default, rule) != "text"


def rule_of(target: str, key: str) -> dict[str, Any]:
    """The rule of `conf/constraints.yaml` for a key of nodes with this `_target_` ("config": of the whole config)."""
    return dict(_rules().get(target, {}).get(key, {}))


@cache
def _rules() -> dict[str, dict[str, dict[str, Any]]]:
    rules: Any = OmegaConf.to_container(OmegaConf.load(CONSTRAINTS))
    return dict(rules)


def _kind_of(default: Any, rule: dict[str, Any]) -> str:
    if "type" in rule:
        return str(rule["type"])
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"))
    return next((name for kind, name in kinds if isinstance(default, kind)), "text")

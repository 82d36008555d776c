"""The rules that make labels, by name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from errors import UserError
from synthesis.labels import cloudless_exolabs, exolabs
from synthesis.labels.evidence import Evidence, Indices, SceneCodes

UNCLASSIFIED = ("ignore", "published")


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        name: of the rule.
        label: see the modules of the rules.
        needs_cloud_probability: whether it cannot do without one.
    """

    name: str
    label: Callable[[Evidence, SceneCodes, Indices, str, bool | None], np.ndarray]
    needs_cloud_probability: bool


RULES = {
    name: Rule(name, module.label, module.NEEDS_CLOUD_PROBABILITY)
    for name, module in (("exolabs", exolabs), ("cloudless_exolabs", cloudless_exolabs))
}


def rule_named(name: str) -> Rule:
    """The rule of that name.

    Raises:
        UserError: there is none.
    """
    if name not in RULES:
        raise UserError(f"generator.rule: found {name!r}, expected one of {', '.join(RULES)}")
    return RULES[name]

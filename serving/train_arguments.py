"""The arguments of a training, as DEEPaaS shows and checks them; what is left out is as the experiment says."""

from typing import Any

from marshmallow import fields, validate

from serving.argument_fields import FileBelow, Listed
from serving.catalogue import help_of, trainings
from serving.catalogue_fields import field_of, rule_of
from serving.settings import Settings
from serving.training import KEYS, PRODUCTS

_DATA = "datamodules.multiresolution.Multiresolution"
_TRAINER = "pytorch_lightning.Trainer"


def train_arguments(settings: Settings) -> dict[str, fields.Field]:
    """A new dict of new fields at each call."""
    known = trainings()
    grids = sorted({training.target_m for training in known})
    of_sensor = "; ".join(f"{training.sensor} {training.target_m}" for training in known)
    helps = help_of("data/multiresolution.yaml")
    arguments: dict[str, fields.Field] = {
        "sensor": fields.Str(
            required=True,
            validate=validate.OneOf(sorted({training.sensor for training in known})),
            metadata={"description": "the instrument whose bands are learned"},
        ),
        "target_m": fields.Int(
            load_default=None,
            allow_none=True,
            validate=validate.OneOf(grids),
            metadata={
                "description": f"ground sample distance (m) of the bands that are learned: {of_sensor}"
            },
        ),
    }
    for name in PRODUCTS:
        arguments[name] = Listed(
            FileBelow(settings.data),
            load_default=None,
            metadata={
                "description": helps.get(name, f"products of {name}")
                + "; relative to the server's data folder"
            },
        )
    rules = {
        "max_steps": {**_rule(_TRAINER, "max_steps"), "minimum": 1, "maximum": settings.train_max_steps},
        "val_check_interval": {"type": "integer", "minimum": 1},
        "patch_size": _rule(_DATA, "patch_size"),
        "batch_size": _rule(_DATA, "batch_size"),
        "seed": _rule("config", "seed"),
    }
    words = {
        "max_steps": "optimizer steps",
        "val_check_interval": "optimizer steps between two validations",
        "seed": "seeds everything; the same seed gives the same weights on one kind of CPU",
    }
    for name, key in KEYS.items():
        description = words.get(name) or helps.get(key.removeprefix("data."), key)
        arguments[name] = field_of(None, description, rules[name])
    return arguments


def _rule(target: str, key: str) -> dict[str, Any]:
    return {"type": "integer", **rule_of(target, key)}

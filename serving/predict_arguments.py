"""The arguments of a prediction, as DEEPaaS shows and checks them; their defaults and help are the catalogue's."""

from typing import Any

from marshmallow import fields, validate
from omegaconf import OmegaConf

from running.saved_config import CATALOGUE
from serving.argument_fields import Accept, FileBelow, Listed, Upload
from serving.catalogue import help_of, served_sensors
from serving.catalogue_fields import field_of, is_closed, rule_of
from serving.prediction import ACCEPTED, JSON, SUFFIXES, TASK, TASK_KEYS, TIFF
from serving.settings import Settings


def predict_arguments(settings: Settings) -> dict[str, fields.Field]:
    """A new dict of new fields at each call: DEEPaaS changes them."""
    served = served_sensors(settings.models)
    node: Any = OmegaConf.load(CATALOGUE / TASK)
    helps = help_of(TASK)
    target = str(node["_target_"])
    grids = sorted({m for sensor in served.values() for m in sensor.targets_m})
    of_sensor = "; ".join(
        f"{sensor.name}: {', '.join(map(str, sensor.targets_m))}" for sensor in served.values()
    )
    arguments: dict[str, fields.Field] = {
        "data": Upload(
            load_default=None,
            metadata={
                "description": "the product: a zip or tar archive of its folder, a GeoTIFF or a file of a swath; "
                "or give url"
            },
        ),
        "url": fields.Url(
            load_default=None,
            schemes={"http", "https"},
            metadata={
                "description": "where the product can be loaded from, by anybody, over http or https; or give data"
            },
        ),
        "sensor": fields.Str(
            load_default=None,
            validate=validate.OneOf(list(served)),
            metadata={
                "description": "the instrument; what it is served by are weights of the catalogue; or give run"
            },
        ),
        "run": FileBelow(
            settings.runs,
            load_default=None,
            metadata={
                "description": "the run folder of a training of this server, as it was answered; or give sensor"
            },
        ),
        "targets_m": Listed(
            fields.Int(validate=validate.OneOf(grids)),
            load_default=None,
            metadata={
                "description": f"ground sample distances (m) of the bands to sharpen, all where absent ({of_sensor})"
            },
        ),
        "region_pixels": Listed(
            fields.Int(),
            load_default=None,
            validate=validate.Length(equal=4),
            metadata={"description": helps.get("region.pixels", "x1,y1,x2,y2 on the finest grid")},
        ),
        "region_lonlat": Listed(
            fields.Float(allow_nan=False),
            load_default=None,
            validate=validate.Length(equal=4),
            metadata={"description": helps.get("region.lonlat", "lon1,lat1,lon2,lat2 in degrees")},
        ),
    }
    arguments |= _swath_arguments(helps)
    for key in TASK_KEYS:
        default = OmegaConf.select(node, key)
        rule = rule_of(target, key)
        if key == "driver":
            rule["choices"] = list(SUFFIXES)  # what fits into one file
        if is_closed(default, rule):
            arguments[key] = field_of(default, helps.get(key, key), rule)
    arguments["accept"] = Accept(
        ACCEPTED,
        metadata={
            "description": f"{JSON}: a summary with statistics; {TIFF}: the GeoTIFF; others: the file in any driver, or "
            "a zip of it and what lies beside it"
        },
    )
    return arguments


def _swath_arguments(helps: dict[str, str]) -> dict[str, fields.Field]:
    """The map grid that a swath is resampled to."""
    return {
        "swath_crs": fields.Str(
            load_default=None,
            validate=validate.Regexp(r"\AEPSG:[0-9]{4,6}\Z"),
            metadata={"description": helps.get("swath.grid.crs", "map grid for swaths")},
        ),
        "swath_resolution_m": fields.Float(
            load_default=None,
            allow_nan=False,
            validate=validate.Range(min=0, min_inclusive=False),
            metadata={"description": helps.get("swath.grid.resolution_m", "side of its cells")},
        ),
        "swath_method": fields.Str(
            load_default=None,
            validate=validate.OneOf(["nearest", "bilinear"]),
            metadata={"description": helps.get("swath.grid.method", "nearest or bilinear")},
        ),
    }

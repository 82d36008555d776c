"""One prediction: from the arguments of a request to a file or a summary of it."""

import re
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from omegaconf import OmegaConf

from errors import UserError
from running.saved_config import CATALOGUE, read_config
from serving import child_process, work_folder
from serving.answers import Answer, refusal, without_folders
from serving.argument_fields import path_below
from serving.catalogue import ServedSensor, served_sensors
from serving.model_files import words_of
from serving.nursery import nursery
from serving.nursery_process import ORDER
from serving.prediction_process import Order, quoted
from serving.raster_summary import summary
from serving.safe_fetch import FetchLimits, fetch
from serving.settings import Settings

JSON, TIFF, BYTES, ZIP = "application/json", "image/tiff", "application/octet-stream", "application/zip"
ACCEPTED = (JSON, TIFF, BYTES, ZIP)
TASK = "task/super_resolve.yaml"
TASK_KEYS = ("copy_original_bands", "driver", "precision", "digital_numbers")  # of conf/task, as arguments
SUFFIXES = {"GTiff": ".tif", "COG": ".tif", "npz": ".npz"}  # what one file holds
SWATH_KEYS = {
    "swath_crs": "crs",
    "swath_resolution_m": "resolution_m",
    "swath_method": "method",
}  # of swath.grid
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def predict(arguments: Mapping[str, Any], settings: Settings) -> dict[str, Any] | BinaryIO:
    """Super-resolve what was uploaded or lies at a URL.

    Raises:
        Answer: with a 4xx status where who asked can mend it, else with 500 and no details.
    """
    work_folder.prepare(settings.work)
    work_folder.sweep(settings.work)
    upload = arguments.get("data")
    try:
        with work_folder.request_folder(settings.work) as folder, _as_answers(folder, settings):
            return _predict(arguments, settings, folder)
    finally:
        if upload is not None:
            work_folder.remove(Path(upload.filename))


@contextmanager
def _as_answers(folder: Path, settings: Settings) -> Iterator[None]:
    try:
        yield
    except Answer:
        raise
    except UserError as error:
        raise refusal(without_folders(str(error), folder, settings.runs)) from None
    except Exception as error:
        import traceback

        raise child_process.broken("the prediction", "".join(traceback.format_exception(error))) from None


def _predict(arguments: Mapping[str, Any], settings: Settings, folder: Path) -> dict[str, Any] | BinaryIO:
    started = time.monotonic()
    accept = str(arguments.get("accept", JSON))
    driver = str(arguments.get("driver") or "GTiff")
    _check_arguments(arguments, accept, driver)
    for part in ("input", "unpacked", "output"):
        (folder / part).mkdir()
    sensor_name, model_words = _model(arguments, settings)
    source = _receive(arguments, settings, folder)
    stem = source.name.split(".")[0] or "product"
    output = folder / "output" / f"{stem}_super_resolved{SUFFIXES[driver]}"
    words = [
        *model_words,
        f"output={quoted(output)}",
        *(f"{key}={arguments[key]}" for key in TASK_KEYS if arguments.get(key) is not None),
        *_region_words(arguments),
        *(f"swath.grid.{key}={arguments[name]}" for name, key in SWATH_KEYS.items() if arguments.get(name)),
        f"device={settings.device}",
        "progress=false",
    ]
    if settings.num_threads is not None:
        words.append(f"++num_threads={settings.num_threads}")
    order = Order(
        sensor=OmegaConf.to_container(OmegaConf.load(CATALOGUE / "sensor" / f"{sensor_name}.yaml")),  # type: ignore[arg-type]
        input=str(source),
        unpacked=str(folder / "unpacked"),
        words=words,
        pixels=arguments.get("region_pixels"),
        lonlat=arguments.get("region_lonlat"),
        minimum_side_m=float(OmegaConf.load(CATALOGUE / TASK).region.minimum_side_m),
        max_pixels=settings.max_pixels,
        members=settings.archive_members,
        unpacked_bytes=settings.unpacked_bytes,
    )
    order.write(folder / ORDER)
    ended = nursery().run(folder, settings.predict_time_s)
    child_process.check_prediction(ended, folder, settings)
    if accept == JSON:
        return {"sensor": sensor_name, "seconds": round(time.monotonic() - started, 3), **summary(output)}
    return _result(output, accept, settings.work / "results")


def _check_arguments(arguments: Mapping[str, Any], accept: str, driver: str) -> None:
    given = [name for name in ("data", "url") if arguments.get(name)]
    if len(given) != 1:
        raise refusal(f"data, url: found {' and '.join(given) or 'neither'}, expected exactly one of them")
    if arguments.get("region_pixels") and arguments.get("region_lonlat"):
        raise refusal("region_pixels, region_lonlat: found both, expected at most one of them")
    for name in ("region_pixels", "region_lonlat"):
        if arguments.get(name) and len(arguments[name]) != 4:
            raise refusal(f"{name}: found {len(arguments[name])} numbers, expected the 4 of two corners")
    if bool(arguments.get("sensor")) == bool(arguments.get("run")):
        raise refusal("sensor, run: expected exactly one of them")
    if accept == TIFF and SUFFIXES[driver] != ".tif":
        raise refusal(f"driver: found {driver}, which is no image/tiff; expected Accept: {BYTES}", 406)
    if accept == JSON and SUFFIXES[driver] != ".tif":
        raise refusal(f"driver: found {driver}; a summary (Accept: {JSON}) is made of GTiff or COG")


def _model(arguments: Mapping[str, Any], settings: Settings) -> tuple[str, list[str]]:
    """The sensor, and the words that choose the networks."""
    targets = sorted(set(arguments.get("targets_m") or ()))
    if arguments.get("run"):
        run = path_below(settings.runs, arguments["run"])
        config = read_config(run)
        sensor = OmegaConf.select(config, "sensor.name")
        if sensor is None or OmegaConf.select(config, "model.predict_task") != "super_resolve":
            raise UserError(f"run: {run.name} has no model of super-resolution")
        if targets and targets != [OmegaConf.select(config, "data.target_m")]:
            raise UserError(
                f"targets_m: found {targets}, expected {OmegaConf.select(config, 'data.target_m')} as learned by {run.name}"
            )
        return str(sensor), [f"run={quoted(run)}"]
    served = served_sensors(settings.models)[str(arguments["sensor"])]
    strange = [target for target in targets if target not in served.targets_m]
    if strange:
        expected = ", ".join(map(str, served.targets_m))
        raise refusal(f"targets_m: found {strange[0]}, expected some of {expected} for {served.name}")
    return served.name, [*_served_words(served, targets)]


def _served_words(served: ServedSensor, targets: list[int]) -> Iterator[str]:
    if served.of_catalogue and targets in ([], list(served.targets_m)):
        yield f"sensor={served.name}"
    else:
        chosen = [model for model, target in served.models.items() if not targets or target in targets]
        yield from words_of(served.name, chosen)


def _region_words(arguments: Mapping[str, Any]) -> Iterator[str]:
    for name in ("pixels", "lonlat"):
        numbers = arguments.get(f"region_{name}")
        if numbers:
            yield f"region.{name}=[{','.join(map(repr, numbers))}]"


def _receive(arguments: Mapping[str, Any], settings: Settings, folder: Path) -> Path:
    """What was sent, in the request's folder under a harmless name."""
    if arguments.get("data"):
        upload = arguments["data"]
        target = folder / "input" / _harmless(upload.original_filename)
        shutil.move(upload.filename, target)
        return target
    limits = FetchLimits(
        size_bytes=settings.url_bytes,
        time_s=settings.url_time_s,
        redirects=settings.url_redirects,
        ports=tuple(settings.url_ports),
        private_networks=tuple(settings.url_private_networks),
    )
    loaded = folder / "input" / "loaded"
    name = fetch(str(arguments["url"]), loaded, limits)
    return loaded.rename(folder / "input" / _harmless(name))


def _harmless(name: str | None) -> str:
    """A file name of letters, digits, dots and dashes that hides nothing and is not too long."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return _ODD.sub("_", last).lstrip(".-")[-100:].lstrip(".-") or "product"


def _result(output: Path, accept: str, results: Path) -> BinaryIO:
    """The file of the answer, opened, where the front door will find it and remove it."""
    files = sorted(path for path in output.parent.rglob("*") if path.is_file())
    if accept == ZIP:
        archive = output.with_suffix(".zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:
            for path in files:
                out.write(path, path.relative_to(output.parent))
        output = archive
    target = results / f"{work_folder.new_name()}-{output.name}"
    return output.rename(target).open("rb")

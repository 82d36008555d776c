"""Query folders for Label Studio: the file to import, the labelling interface, and brush exports read back as answers.

An export is a JSON file (`JSON` or `JSON-MIN`), or a folder of PNG masks together with such a file, which says which
query a task was. Formats: https://labelstud.io/guide/export and /guide/predictions.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from PIL import Image

from errors import UserError
from products.brush_rle import decode, encode
from products.class_table import IGNORE, ClassTable
from products.query_folder import EDITED, PROVENANCE, Query, QueryFolder, read_queries

SOURCE = "label_studio"  # of the provenance
TASKS = "label_studio.json"
INTERFACE = "label_config.xml"
_CONTROL, _OBJECT = "mask", "image"  # names in the interface
_PICTURE = re.compile(rf"task-(\d+)-annotation-(\d+)-by-(.*?)-{_CONTROL}-(.+)-(\d+)\.png")


def label_config(classes: ClassTable) -> str:
    """The labelling interface: a brush for each class, over RGB with false colour beside it."""
    labels = "\n".join(
        f'    <Label value={quoteattr(name)} background="#{red:02x}{green:02x}{blue:02x}" hotkey="{index + 1}"/>'
        for index, (name, (red, green, blue)) in enumerate(zip(classes.names, classes.colours, strict=True))
    )
    return (
        "<View>\n"
        f'  <Image name="{_OBJECT}" value="$image" zoom="true" zoomControl="true" brightnessControl="true"/>\n'
        f'  <BrushLabels name="{_CONTROL}" toName="{_OBJECT}">\n{labels}\n  </BrushLabels>\n'
        '  <Image name="other" value="$false_colour" zoom="true"/>\n'
        "</View>\n"
    )


def task(query: Query, classes: ClassTable, prediction: np.ndarray | None, root: str) -> dict[str, Any]:
    """One task to import: local pictures, and what the network says as a brush mask of each class.

    Args:
        query: what is asked.
        classes: of the prediction.
        prediction: (h, w) class indices; None: nothing to start from.
        root: the query folder, relative to Label Studio's LOCAL_FILES_DOCUMENT_ROOT.
    """
    pictures = {
        name: f"/data/local-files/?d={root}/{folder}/{query.stem}.png"
        for name, folder in (("image", "rgb"), ("false_colour", "false_colour"))
    }
    content: dict[str, Any] = {
        "data": {**pictures, "query": query.id, "stem": query.stem, "score": query.score}
    }
    if prediction is not None:
        height, width = prediction.shape
        content["predictions"] = [
            {
                "model_version": query.checkpoint or query.acquisition,
                "result": [
                    {
                        "id": f"{query.stem}_{index}",
                        "type": "brushlabels",
                        "from_name": _CONTROL,
                        "to_name": _OBJECT,
                        "original_width": width,
                        "original_height": height,
                        "image_rotation": 0,
                        "value": {"format": "rle", "rle": encode(prediction == index), "brushlabels": [name]},
                    }
                    for index, name in enumerate(classes.names)
                    if (prediction == index).any()
                ],
            }
        ]
    return content


def import_export(export: str | Path, folder: str | Path) -> list[Query]:
    """Take the answers of a Label Studio export into `edited/` of a query folder.

    Of a task's annotations the newest that was not cancelled counts; where regions overlap the later one does; what no
    brush has touched is unknown (255). Answers that came by another way are kept.

    Args:
        export: the JSON file, or a folder that holds one, with or without PNG masks.
        folder: of the queries.

    Returns:
        The queries whose answers were taken.

    Raises:
        UserError: no such export, tasks of other queries, unknown labels, masks of another size.
    """
    export, content = Path(export), read_queries(folder)
    tasks, pictures = _open(export)
    by_id = {query.id: query for query in content.queries}
    taken = []
    for number, each in enumerate(tasks):
        where = f"{export}, task {each.get('id', number)}"
        name = each.get("data", each).get("query")
        if name not in by_id:
            raise UserError(f"{where}: found the query {name!r}, which {folder} does not ask")
        query = by_id[name]
        if content.is_edited(query) and _source(content, query) != SOURCE:
            continue
        own = pictures.get(str(each.get("id")), {})
        mask, facts = (
            _of_pictures(own, query, content.classes) if own else _of_regions(each, query, content, where)
        )
        if (mask != IGNORE).any():
            content.write_edited(query, mask, {"source": SOURCE, "export": export.name, **facts})
            taken.append(query)
    return taken


def _open(export: Path) -> tuple[list[dict[str, Any]], dict[str, dict[int, list[tuple[Path, str, str]]]]]:
    """The tasks, and PNG masks: {task: {annotation: [(file, label, who)]}}."""
    pictures: dict[str, dict[int, list[tuple[Path, str, str]]]] = {}
    if export.is_dir():
        for path in sorted(export.glob("*.png")):
            found = _PICTURE.fullmatch(path.name)
            if found is None:
                raise UserError(f"{path}: found another name than Label Studio gives brush masks")
            task_number, annotation, who, label, _ = found.groups()
            pictures.setdefault(task_number, {}).setdefault(int(annotation), []).append((path, label, who))
        files = sorted(export.glob("*.json"))
        if len(files) != 1:
            raise UserError(
                f"{export}: found {len(files)} JSON files, expected one export of the same tasks, "
                "which says which query each task was"
            )
        export = files[0]
    try:
        tasks = json.loads(export.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{export}: cannot be read as an export of Label Studio ({error})") from error
    if not isinstance(tasks, list) or not all(isinstance(each, dict) for each in tasks):
        raise UserError(f"{export}: found no list of tasks, expected an export of Label Studio as JSON")
    return tasks, pictures


def _of_pictures(
    annotations: Mapping[int, Sequence[tuple[Path, str, str]]], query: Query, classes: ClassTable
) -> tuple[np.ndarray, dict[str, Any]]:
    newest = max(annotations)
    mask = np.full((query.window.height, query.window.width), IGNORE, np.uint8)
    for path, label, _ in annotations[newest]:
        try:
            painted = np.asarray(Image.open(path).convert("L")) > 0
        except OSError as error:
            raise UserError(f"{path}: cannot be read as a picture ({error})") from error
        if painted.shape != mask.shape:
            raise UserError(f"{path}: found {painted.shape}, expected {mask.shape}, the size of the query")
        mask[painted] = _index(label, classes, str(path))
    return mask, {"annotator": annotations[newest][0][2]}


def _of_regions(
    each: Mapping[str, Any], query: Query, content: QueryFolder, where: str
) -> tuple[np.ndarray, dict[str, Any]]:
    mask = np.full((query.window.height, query.window.width), IGNORE, np.uint8)
    if "annotations" in each:
        kept = [a for a in each["annotations"] if not a.get("was_cancelled")]
        chosen: Mapping[str, Any] = max(
            kept, key=lambda a: (str(a.get("updated_at", "")), int(a.get("id", 0))), default={}
        )
        regions = [region.get("value", {}) for region in chosen.get("result", [])]
        who = chosen.get("completed_by", "")
    else:  # JSON-MIN
        given = each.get(_CONTROL, [])
        regions = given if isinstance(given, list) else [given]
        who = each.get("annotator", "")
    for region in regions:
        if not isinstance(region, Mapping) or "rle" not in region or len(region.get("brushlabels", [])) != 1:
            raise UserError(
                f"{where}: found a region that is no brush stroke of one label; expected brushlabels"
            )
        index = _index(region["brushlabels"][0], content.classes, where)
        mask[decode(region["rle"], mask.shape, where)] = index
    annotator = who.get("email", who.get("id", "")) if isinstance(who, Mapping) else who
    return mask, {"annotator": str(annotator)}


def _index(label: str, classes: ClassTable, where: str) -> int:
    if label not in classes.names:
        raise UserError(f"{where}: found the label {label!r}, expected one of {', '.join(classes.names)}")
    return classes.names.index(label)


def _source(content: QueryFolder, query: Query) -> str:
    """How an answer that is there came."""
    path = content.path / EDITED / PROVENANCE
    if not path.exists():
        return "file"
    return str(json.loads(path.read_text(encoding="utf-8")).get(query.stem, {}).get("source", "file"))

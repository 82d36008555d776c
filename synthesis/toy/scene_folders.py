"""Where scenes lie: `ROOT/<scene>/<product>/index.json`."""

import re
from pathlib import Path

from errors import UserError
from synthesis.toy.layout import INDEX


def products_in(scene: Path) -> list[str]:
    """Names of the products of a scene, sorted."""
    if not scene.is_dir():
        return []
    return sorted(
        entry.name
        for entry in scene.iterdir()
        if not entry.name.startswith(".") and (entry / INDEX).is_file()
    )


def scenes_in(root: Path) -> dict[str, list[str]]:
    """{scene: its products} of the folders that hold any, in natural order of names (2 before 10)."""
    found = {
        entry.name: products_in(entry)
        for entry in root.iterdir()
        if entry.is_dir() and not entry.name.startswith(".")
    }
    return {name: found[name] for name in sorted(found, key=natural) if found[name]}


def find_scenes(root: Path, key: str) -> dict[str, list[str]]:
    """`scenes_in` for a folder that must hold some.

    Args:
        root: the folder of scenes.
        key: what the folder is called on the command line.

    Raises:
        UserError: no such folder, or no scenes in it.
    """
    if not root.is_dir():
        raise UserError(f"{key}={root}: there is no such folder, expected one that holds toy scenes")
    found = scenes_in(root)
    if not found:
        inside = products_in(root)
        hint = f" (it is one scene, with {', '.join(inside)}: give the folder above it)" if inside else ""
        raise UserError(
            f"{key}={root} holds no toy scenes{hint}: expected folders <scene>/<product> with an {INDEX}"
        )
    return found


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key in which numbers inside of names count as numbers."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]

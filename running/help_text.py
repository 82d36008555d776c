"""What `--help` prints: how to call a verb, the groups with their options, the commented config of the verb.

Hydra's own help composes the config once for every group, which takes longer than a user likes to wait.
"""

import importlib
from pathlib import Path

from running.saved_config import CATALOGUE

# Groups that a verb's config lists in its defaults, or that serve only inside other groups.
_INNER_GROUPS = ("hydra", "paths")


def help_text(verb: str) -> str:
    """The whole help of a verb."""
    config = (CATALOGUE / f"{verb}.yaml").read_text().rstrip()
    groups = "\n".join(f"  {group}: {', '.join(options)}" for group, options in _groups(verb).items())
    return (
        f"{_purpose(verb)}\n\n"
        "Words are KEY=VALUE (any key of the config), GROUP=OPTION, or:\n"
        "  -m                 a sweep over values separated by commas: model.quality=1,2,3\n"
        "  --cfg job          print the whole config that the other words lead to, and stop\n"
        "  --hydra-help       more of Hydra's own\n\n"
        f"Groups and their options:\n{groups}\n\n"
        f"conf/{verb}.yaml:\n\n{config}"
    )


def _purpose(verb: str) -> str:
    module = Path(__file__).resolve().parents[1] / f"{verb}.py"
    source = module.read_text() if module.exists() else importlib.import_module(verb).__doc__ or ""
    return source.split('"""')[1].strip() if '"""' in source else source.strip()


def _groups(verb: str) -> dict[str, list[str]]:
    """Groups named in the verb's defaults, with the options in the catalogue."""
    text = (CATALOGUE / f"{verb}.yaml").read_text()
    found = {}
    for folder in sorted(path for path in CATALOGUE.iterdir() if path.is_dir()):
        options = sorted(path.stem for path in folder.glob("*.yaml"))
        if options and folder.name not in _INNER_GROUPS and f" {folder.name}:" in text:
            found[folder.name] = options
    return found

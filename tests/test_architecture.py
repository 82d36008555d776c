"""The house rules that can be read off the files: who may import whom, names, lengths, honest handlers.

`docs/architecture.md` states the import rule for people; a test here holds the two together.
"""

import ast
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "networks": set(),
    "products": set(),
    "orbit": set(),
    "inference": {"networks", "products"},
    "evaluation": {"products"},
    "synthesis": {"products", "networks", "inference"},
    "datamodules": {"products", "synthesis"},
    "lightning_modules": {"networks", "evaluation"},
    "callbacks": {"orbit", "evaluation", "inference", "products"},
    "running": {"callbacks", "orbit", "evaluation"},
    "serving": {"running", "products"},
    "annotation": {"products"},
    "verbs": {"running"},
}
ROOMS = set(MAY_IMPORT) - {"verbs"}
VERBS = {"train", "test", "generate", "predict"}
# "test" is left out of what counts as ours when imported: the standard library has a package of that name.
OURS = ROOMS | VERBS - {"test"} | {"conf", "tests", "benchmarks"}
NO_DRAWERS = {"util", "utils", "helper", "helpers", "misc", "common", "manager"}
SKIPPED_FOLDERS = {"build", "dist", "site", "runs", "outputs", "multirun", "wandb", "__pycache__"}
MAX_LINES = 400


def files_below(folder: Path, pattern: str) -> Iterator[Path]:
    """Files and folders of the project, without what tools and runs leave behind."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED_FOLDERS and not name.startswith(".") and not name.endswith(".egg-info")
        )
        yield from (Path(parent, name) for name in sorted(folders + files) if fnmatch(name, pattern))


def imported_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Absolute module names and line numbers of every import, also inside functions and `import_module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", node.lineno
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
                yield node.args[0].value, node.lineno


def import_offences(root: Path) -> list[str]:
    """`file:line: ...` for every import that the rule forbids."""
    owners = {verb: (root / f"{verb}.py",) for verb in VERBS}
    owners |= {room: tuple(files_below(root / room, "*.py")) for room in ROOMS}
    offences = []
    for owner, paths in owners.items():
        room = "verbs" if owner in VERBS else owner
        allowed = MAY_IMPORT[room] | {"errors", owner}
        for path in paths:
            for name, line in imported_names(ast.parse(path.read_text(encoding="utf-8"))):
                top = name.split(".")[0]
                if top in OURS - allowed:
                    offences.append(f"{path.relative_to(root)}:{line}: {room} may not import {top}")
    return offences


def handler_offences(root: Path) -> list[str]:
    """`file:line: ...` for every handler that swallows an error, and every bare one."""
    offences = []
    for path in files_below(root, "*.py"):
        where = path.relative_to(root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                if node.type is None:
                    offences.append(f"{where}:{node.lineno}: bare except")
                if all(isinstance(step, ast.Pass) or _is_ellipsis(step) for step in node.body):
                    offences.append(f"{where}:{node.lineno}: the exception is swallowed")
            elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "suppress":
                suppressed = {ast.unparse(argument) for argument in node.args}
                offences += [
                    f"{where}:{node.lineno}: {name} is suppressed"
                    for name in sorted(suppressed & {"Exception", "BaseException"})
                ]
    return offences


def _is_ellipsis(step: ast.stmt) -> bool:
    return isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant) and step.value.value is ...


def name_offences(root: Path) -> list[str]:
    """Files and folders whose name says nothing about what is in them."""
    named = {path for path in files_below(root, "*") if path.suffix in {"", ".py", ".yaml", ".md"}}
    return [
        str(path.relative_to(root))
        for path in sorted(named)
        if NO_DRAWERS & set(path.stem.lower().split("_"))
    ]


def length_offences(root: Path) -> list[str]:
    """Python files of more than 400 lines."""
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files_below(root, "*.py")}
    return [f"{path.relative_to(root)}: {lines} lines" for path, lines in counts.items() if lines > MAX_LINES]


def init_offences(root: Path) -> list[str]:
    """Package inits of rooms that hold more than a docstring (`errors` is one class, in its init)."""
    offences = []
    for room in sorted(ROOMS - {"errors"}):
        for path in files_below(root / room, "__init__.py"):
            body = ast.parse(path.read_text(encoding="utf-8")).body
            if any(
                not (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)) for step in body
            ):
                offences.append(f"{path.relative_to(root)}: an init holds a docstring at most")
    return offences


def config_offences(root: Path) -> list[str]:
    """Files of the catalogue that Hydra would not find, or that are not YAML."""
    offences = []
    for path in files_below(root / "conf", "*"):
        if path.is_dir() or path == root / "conf" / "__init__.py":
            continue
        where = path.relative_to(root)
        if path.suffix != ".yaml":
            offences.append(f"{where}: the catalogue holds .yaml files only")
            continue
        try:
            yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            offences.append(f"{where}: not YAML: {error}")
    return offences


def orbit_offences(root: Path) -> list[str]:
    """Torch in `orbit/` outside `orbit/federation/`, Lightning anywhere in it."""
    offences = []
    for path in files_below(root / "orbit", "*.py"):
        where = path.relative_to(root)
        for name, line in imported_names(ast.parse(path.read_text(encoding="utf-8"))):
            top = name.split(".")[0]
            if top in {"pytorch_lightning", "lightning"}:
                offences.append(f"{where}:{line}: orbit knows no Lightning")
            if top == "torch" and where.parts[1] != "federation":
                offences.append(f"{where}:{line}: only orbit/federation knows torch")
    return offences


CHECKS = [
    import_offences,
    handler_offences,
    name_offences,
    length_offences,
    init_offences,
    config_offences,
    orbit_offences,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_project(check, repository):
    offences = check(repository)
    assert not offences, "\n" + "\n".join(offences)


def test_every_room_exists(repository):
    assert {room for room in ROOMS if not (repository / room / "__init__.py").is_file()} == set()
    assert {verb for verb in VERBS if not (repository / f"{verb}.py").is_file()} == set()


def test_documentation_states_the_same_rule(repository):
    text = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"```text title=\"The import rule\"\n(.*?)```", text, re.DOTALL)
    assert block is not None
    stated = {}
    for line in block[1].strip().splitlines():
        left, _, right = line.partition("->")
        for room in left.split(","):
            stated[room.strip()] = {name.strip() for name in right.split(",")} - {"no room"}
    assert stated == MAY_IMPORT


@pytest.fixture
def planted(tmp_path):
    """A project in which every rule is broken once."""
    for folder in (*ROOMS, "conf", "orbit/federation"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "__init__.py").touch()
    for verb in VERBS:
        (tmp_path / f"{verb}.py").touch()
    files = {
        "networks/codec.py": "import torch\n\ndef build():\n    from callbacks.pictures import Pictures\n",
        "products/tile.py": "from importlib import import_module\nimport_module('running.launch')\n",
        "predict.py": "import products.sentinel2\nimport running.launch\nimport errors\n",
        "evaluation/scores.py": "try:\n    x = 1\nexcept ValueError:\n    pass\nwith suppress(Exception):\n    x = 2\n",
        "evaluation/image_utils.py": "",
        "synthesis/long.py": "x = 1\n" * 401,
        "inference/__init__.py": '"""Windows."""\nfrom inference.engine import predict\n',
        "conf/train.yml": "a: 1\n",
        "conf/broken.yaml": "a: [1\n",
        "orbit/mission.py": "import torch\n",
        "orbit/federation/fedavg.py": "import torch\nimport pytorch_lightning\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (
            import_offences,
            {
                "networks/codec.py:4: networks may not import callbacks",
                "products/tile.py:2: products may not import running",
                "predict.py:1: verbs may not import products",
            },
        ),
        (
            handler_offences,
            {
                "evaluation/scores.py:3: the exception is swallowed",
                "evaluation/scores.py:5: Exception is suppressed",
            },
        ),
        (name_offences, {"evaluation/image_utils.py"}),
        (length_offences, {"synthesis/long.py: 401 lines"}),
        (init_offences, {"inference/__init__.py: an init holds a docstring at most"}),
        (
            config_offences,
            {"conf/train.yml: the catalogue holds .yaml files only", "conf/broken.yaml: not YAML"},
        ),
        (
            orbit_offences,
            {
                "orbit/mission.py:1: only orbit/federation knows torch",
                "orbit/federation/fedavg.py:2: orbit knows no Lightning",
            },
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_check_finds_what_it_is_for(check, expected, planted):
    found = check(planted)
    assert len(found) == len(expected)
    assert all(any(offence.startswith(start) for offence in found) for start in expected), found

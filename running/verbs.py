"""What each verb reads from its command line before Hydra composes, and which function does its work."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf

from errors import UserError
from running import folders, mpi, saved_config, suggestions, trained_weights
from running.command_line import CommandLine

LADDERS = "callbacks.rate_distortion.ladders"  # off in the test that closes a training, on in test.py
# Groups whose own keys may be given at the top level: `num_frames=5` for `generator.num_frames=5`.
_SHORT_FORMS = {"generate": "generator", "predict": "task"}


def prepare(verb: str, line: CommandLine) -> tuple[str, CommandLine]:
    """Name of the config to compose from, and the command line to compose with.

    `run=`, `ckpt_path=` and `resume=` make a saved config the base.

    Raises:
        UserError: what they name is not there.
    """
    if verb == "generate":
        line = _with_short_forms(verb, line)
    if verb == "predict" and needs_no_network(line):
        return verb, _with_short_forms(verb, line)
    if verb == "predict" and trained_weights.are_meant(line):
        return verb, _with_short_forms(verb, trained_weights.with_weights(line))
    if verb in ("test", "predict"):
        return _prepare_on_run(verb, line)
    if verb == "train" and line.value("resume") is not None:
        return _prepare_resume(line)
    return verb, line


def needs_no_network(line: CommandLine) -> bool:
    """Whether a prediction is asked for that no model takes part in (`task=compare`), and no run is named."""
    option = saved_config.CATALOGUE / "task" / f"{line.value('task')}.yaml"
    if line.has("run") or line.has("ckpt_path") or not line.has("task") or not option.exists():
        return False
    task: Any = OmegaConf.load(option)
    return task.get("needs_network") is False


def work(verb: str) -> Callable[..., Any]:
    """The function that does the verb's work; imported here, when the config is there to be checked."""
    if verb == "train":
        from running.train_job import train

        return train
    if verb == "test":
        from running.test_job import test

        return test
    if verb == "generate":
        from running.generate_job import generate

        return generate
    from running.predict_job import predict

    return predict


def explain(error: Exception, config_name: str, verb: str) -> str:
    """One sentence for an error of Hydra or OmegaConf."""
    keys: list[str] = []
    try:
        with initialize_config_module("conf", version_base="1.3"):
            keys = suggestions.keys(compose(config_name))
    except Exception:  # a broken catalogue must not hide the error that is being explained
        keys = suggestions.keys(DictConfig(OmegaConf.load(saved_config.CATALOGUE / f"{verb}.yaml")))
    keys += [path.name for path in saved_config.CATALOGUE.iterdir() if path.is_dir()]
    return suggestions.sentence(error, keys)


def _prepare_on_run(verb: str, line: CommandLine) -> tuple[str, CommandLine]:
    run, checkpoint = line.value("run"), line.value("ckpt_path")
    named = [f"{key}=" for key in ("run", "ckpt_path", "weights") if line.has(key)]
    if len(named) > 1:
        raise UserError(f"{' and '.join(named)} were both given; expected one of them")
    if run is None and checkpoint is None:
        if line.only_asks:
            return verb, _with_short_forms(verb, line) if verb in _SHORT_FORMS else line
        root = Path(_paths(line))
        found = folders.last_run(root)
        if found is None:
            raise UserError(
                f"no run below '{root}': give run=FOLDER or ckpt_path=FILE, or train one first with train.py"
            )
        run = str(found)
        line = CommandLine(line.flags, [*line.overrides, f"run='{run}'"])
    if checkpoint is not None:
        saved = saved_config.config_in_checkpoint(Path(str(checkpoint)))
        below = Path(str(checkpoint)).resolve().parent
        below = below.parent if below.name == "checkpoints" else below
    else:
        given = [Path(str(item)) for item in _as_list(run)]
        runs = [member for item in given for member in folders.runs_of(item)]
        saved = saved_config.read_config(runs[0])
        below = given[0] if len(given) == 1 else Path(os.path.commonpath([path.resolve() for path in given]))
    if "predict_task" in saved.get("model", {}) and verb == "predict" and not line.has("task"):
        line = CommandLine(line.flags, [*line.overrides, f"task={saved.model.predict_task}"])
    if verb in _SHORT_FORMS:
        line = _with_short_forms(verb, line)
    saved_config.register(f"saved_{verb}", saved, verb)
    words = list(line.overrides)
    if verb == "test":
        tests = below / "tests" / os.environ[folders.STAMP_VARIABLE]
        words += [f"hydra.run.dir='{tests}'", f"hydra.sweep.dir='{tests}-sweep'"]
        if "test_limit" in saved.get("data", {}) and not line.has("data.test_limit") and not line.has("data"):
            words.append("data.test_limit=null")  # the cap is for the closing test of a training
        words += _without_lost_products(saved, line)
        other = _other_place(saved, line)
        if other is not None:
            print(  # noqa: T201
                f"{other} is another place than in training: every image of it is tested (data.test_on=all)"
            )
            words.append("data.test_on=all")
        if (
            OmegaConf.select(saved, LADDERS) is not None
            and not line.has(LADDERS)
            and not line.has("callbacks")
        ):
            words.append(f"{LADDERS}=true")
    return f"saved_{verb}", CommandLine(line.flags, words)


def _without_lost_products(saved: DictConfig, line: CommandLine) -> list[str]:
    """Overrides for a test on `data.test` whose training products are not there any more: it needs none of them."""
    if not line.has("data.test") or line.has("data.train") or line.has("data"):
        return []
    given = [OmegaConf.select(saved, f"data.{part}") for part in ("train", "val")]
    paths = [
        Path(str(item))
        for value in given
        if value is not None
        for item in _as_list(OmegaConf.to_object(value) if OmegaConf.is_list(value) else value)
    ]
    lost = [path for path in paths if not path.exists()]
    if not lost:
        return []
    print(f"{lost[0]} of the training is not here: only data.test is read")  # noqa: T201
    return ["data.train=null", *([] if line.has("data.val") else ["data.val=null"])]


def _other_place(saved: DictConfig, line: CommandLine) -> str | None:
    """The key that names images which the training did not have, where nothing says which part of them to test."""
    if "test_on" not in saved.get("data", {}) or line.has("data.test_on") or line.has("data"):
        return None
    for key in ("data.root", "data.images"):
        given, before = line.value(key), OmegaConf.select(saved, key)
        if given is None:
            continue
        known = (
            []
            if before is None
            else _resolved(OmegaConf.to_object(before) if OmegaConf.is_list(before) else before)
        )
        if known != _resolved(given) and not (Path(str(given)) / "test").is_dir():
            return key
    return None


def _resolved(paths: Any) -> list[Path]:
    return [Path(str(item)).resolve() for item in _as_list(paths)]


def _prepare_resume(line: CommandLine) -> tuple[str, CommandLine]:
    if line.multirun:
        raise UserError(
            "resume= continues one run and cannot be combined with -m; give resume=RUN_FOLDER for each"
        )
    which = str(line.value("resume"))
    run = mpi.broadcast(_run_to_resume(which, line) if mpi.rank() == 0 else None)
    if run is None:
        if mpi.rank() == 0:
            print("resume=auto: no unfinished run of this experiment, starting a new one")  # noqa: T201
        return "train", line.without("resume")
    folder, checkpoint = run
    saved = saved_config.read_config(folder)
    saved_config.register("saved_train", saved, "train")
    # The choice of the experiment is in the saved config already.
    line = line.without("resume", "experiment", "paths.runs")
    changed = ", ".join(line.overrides) or "none"
    origin = checkpoint.name if checkpoint else "what its parts have saved"
    if mpi.rank() == 0:
        print(f"resuming {folder} from {origin}; changed: {changed}")  # noqa: T201
    words = [*line.overrides, f"resume='{checkpoint or 'start'}'", f"hydra.run.dir='{folder}'"]
    return "saved_train", CommandLine(line.flags, words)


def _run_to_resume(which: str, line: CommandLine) -> tuple[Path, Path | None] | None:
    """The run folder and the checkpoint to go on from; None for a checkpoint: the procedure finds its own."""
    if which not in ("auto", "last", "best"):
        path = Path(which)
        if path.suffix == ".ckpt":
            if not path.exists():
                raise UserError(f"resume={which}: there is no such checkpoint")
            return path.resolve().parent.parent, path.resolve()
        if not path.is_dir():
            raise UserError(f"resume={which}: expected auto, last, best, a run folder or a checkpoint file")
        run, which = path.resolve(), "last"
    else:
        with initialize_config_module("conf", version_base="1.3"):
            config = compose("train", line.without("resume").overrides)
        root = Path(config.paths.runs) / config.experiment_name
        found = folders.last_run(root, unfinished=which == "auto")
        if found is None:
            if which == "auto":
                return None
            raise UserError(f"resume={which}: no run below '{root}'")
        run = found.resolve()
    if _has_parts(run):
        return run, None
    if which == "auto" and not (run / "checkpoints" / "last.ckpt").exists():
        return run, None  # stopped before its first checkpoint: its start is where to continue
    return run, folders.checkpoint_of(run, "best" if which == "best" else "last")


def _has_parts(run: Path) -> bool:
    """Whether the checkpoints are those of a study's fits, of rounds, or of a constellation's satellites."""
    saved = saved_config.read_config(run)
    procedure = str(OmegaConf.select(saved, "procedure._target_"))
    if "study" in procedure or "active_learning" in procedure:
        return True
    return str(OmegaConf.select(saved, "constellation.name") or "none") != "none"


def _with_short_forms(verb: str, line: CommandLine) -> CommandLine:
    group = _SHORT_FORMS[verb]
    own = {str(key) for key in OmegaConf.load(saved_config.CATALOGUE / f"{verb}.yaml")} - {"defaults"}
    groups = set(_choices(verb))
    choice = str(line.value(group) or _choices(verb).get(group))
    option = saved_config.CATALOGUE / group / f"{choice}.yaml"
    arguments = {str(key) for key in OmegaConf.load(option)} if option.exists() else set()
    words = []
    for word in line.overrides:
        key = word.split("=", 1)[0]
        first = key.split(".", 1)[0]
        short = first in arguments and first not in own and first not in groups
        words.append(f"{group}.{word}" if short else word)
    return CommandLine(list(line.flags), words)


def _choices(verb: str) -> dict[str, Any]:
    """The groups that a verb's config is composed from, with their default options."""
    entries = OmegaConf.load(saved_config.CATALOGUE / f"{verb}.yaml").defaults
    return {
        str(group): choice
        for entry in entries
        if not isinstance(entry, str)
        for group, choice in entry.items()
    }


def _paths(line: CommandLine) -> str:
    with initialize_config_module("conf", version_base="1.3"):
        overrides = [word for word in line.overrides if word.startswith("paths.")]
        return str(compose("test", overrides).paths.runs)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

"""Several tested runs as one: a rate-distortion curve, or a table of scores over seeds and variants."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from errors import UserError
from evaluation.joined_runs import join_rate_distortion
from evaluation.joined_scores import join_scores, labels_of
from evaluation.rate_distortion_plots import plot_rate_distortion
from evaluation.results import write_results
from running.table import print_results


def join_and_report(members: list[dict[str, Any]], runs: list[Path], folder: Path) -> None:
    """Join the results of several runs into one `results.json` in `folder`, with its plots, and print it.

    Raises:
        UserError: runs of different families, or tested on different data.
    """
    scored = ["scores" in member for member in members]
    if any(scored) and not all(scored):
        other = runs[scored.index(False)]
        raise UserError(f"{other} has no scores as the other runs have: expected runs of one family")
    sections = (
        join_scores(members, labels_of([_overrides(run) for run in runs], [m["experiment"] for m in members]))
        if any(scored)
        else join_rate_distortion(members)
    )
    joined: dict[str, Any] = {
        "experiment": members[0]["experiment"],
        "data": members[0]["data"],
        "metrics": {},
        "runs": [str(run) for run in runs],
        **sections,
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_results(folder / "results.json", joined)
    if "rate_distortion" in joined:
        (folder / "pictures").mkdir(exist_ok=True)
        images = joined["rate_distortion"][0]["images"]
        plot_rate_distortion(
            joined["rate_distortion"], folder / "pictures" / "rate_distortion.png", f"{images} test images"
        )
    print_results(joined, title=f"{len(runs)} runs joined")


def _overrides(run: Path) -> list[str]:
    """The words with which a run was first started."""
    path = run / "overrides.yaml"
    if not path.exists():
        return []
    launches: Any = OmegaConf.to_container(OmegaConf.load(path))
    return [str(word) for word in launches[0]] if launches else []

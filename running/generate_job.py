"""The work of `generate.py`: check, then let the generator write its dataset."""

import json
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from running import folders
from running.config_check import check
from running.instantiation import instantiate
from running.provenance import provenance
from running.train_job import JobResult


def generate(config: DictConfig, folder: Path, config_name: str, overrides: list[str]) -> JobResult:
    """Run the configured generator on `config.output`; its settings are recorded beside what it made.

    Raises:
        UserError: impossible settings.
    """
    check(config, config_name, overrides)
    output = Path(config.output)
    instantiate(config.generator, output=output)
    record = {
        "generator": OmegaConf.to_container(config.generator, resolve=True),
        "provenance": provenance(config.generator.get("seed")),
    }
    folders.write_text(output / "generated.json", json.dumps(record, indent=2) + "\n")
    return JobResult(output)

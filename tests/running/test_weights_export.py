import json
from pathlib import Path

import numpy as np
import rasterio
from safetensors import safe_open

from tests.fakes import demonstration_mat


def test_the_weights_of_a_run_serve_without_it(verb, tmp_path):
    random = np.random.default_rng(0)
    groups = {
        m: random.integers(1, 3000, (bands, 1800 // m, 1800 // m)) for m, bands in ((10, 4), (20, 6), (60, 2))
    }
    crop = demonstration_mat.write_mat(tmp_path / "crop.mat", groups)
    done = verb(
        "train", "experiment=super_resolution_sentinel2_20m", f"data.train=[{crop}]", "data.patch_size=8",
        "data.batch_size=2", "model.network_options={features: 4, blocks: 1}", "trainer.max_steps=1",
        "data.context=2", "data.block_margin=2", "data.consistency_px=36", f"paths.runs={tmp_path}/runs", "trainer.accelerator=cpu",
        "num_threads=1", "trainer.precision=32-true",
    )  # fmt: skip
    assert done.status == 0, done.err
    run = Path(done.last_line)
    done = verb("generate", "generator=weights", f"run={run}", f"output={tmp_path}/weights", "name=small")
    assert done.status == 0, done.err
    file = tmp_path / "weights" / "small.safetensors"
    with safe_open(file, "pt") as weights:
        facts = weights.metadata()
    assert json.loads(facts["train"]) == ["crop.mat"]
    assert facts["licence"] == "GPL-3.0-or-later"
    assert str(tmp_path) not in json.dumps(facts)

    sharp = []
    for words in ((f"run={run}",), (f"weights={file}", "sensor=sentinel2")):
        output = tmp_path / f"{len(sharp)}.tif"
        done = verb("predict", *words, f"input={crop}", f"output={output}", "progress=false")
        assert done.status == 0, done.err
        with rasterio.open(output) as raster:
            sharp.append(raster.read())
    assert np.array_equal(*sharp)


def test_a_run_of_another_family_is_refused(verb, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("experiment_name: compression_toy\nmodel: {}\n")
    done = verb("generate", "generator=weights", f"run={run}", f"output={tmp_path}/weights")
    assert done.status == 1
    assert "a run of compression_toy; expected one of super-resolution" in done.err
    assert not (tmp_path / "weights").exists()

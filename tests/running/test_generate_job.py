import json

from running.saved_config import CATALOGUE


def test_the_command_of_the_documentation(verb, tmp_path):
    output = tmp_path / "product"
    done = verb("generate", "generator=toy_latent", f"output={output}", "generator.seed=3", "generator.num_frames=5",
                "generator.width=48", "generator.height=40", "generator.num_cells=4")  # fmt: skip
    assert done.status == 0, done.err
    assert done.last_line == str(output)
    record = json.loads((output / "generated.json").read_text())
    assert record["generator"]["seed"] == 3
    index = json.loads((output / "index.json").read_text())
    assert index["features"]["nframes"] == 5


def test_short_forms_reach_the_generator(verb, tmp_path):
    done = verb(
        "generate", f"output={tmp_path}/p", "seed=4", "num_frames=2", "width=32", "height=32", "num_cells=3"
    )
    assert done.status == 0, done.err
    assert json.loads((tmp_path / "p" / "generated.json").read_text())["generator"]["seed"] == 4


def test_misspelt_and_impossible_keys(verb, tmp_path):
    for word, expected in (
        ("generator.num_frame=5", "did you mean 'generator.num_frames'?"),
        ("generator=toy_latend", "did you mean 'toy_latent'?"),
        ("num_cells=0", "num_cells"),
        ("num_frames=many", "expected a whole number"),
    ):
        done = verb("generate", f"output={tmp_path}/x", word)
        assert done.status == 1, word
        assert expected in done.err
        assert "Traceback" not in done.err
        assert not (tmp_path / "x").exists()
    assert (CATALOGUE / "generator" / "toy_latent.yaml").exists()

from pathlib import Path

from evaluation.results import read_results


def test_fits_share_a_folder_and_a_result(verb, small_training):
    done = verb("train", *small_training, "trainer.max_steps=2", "procedure=study",
                "procedure.fits={one: {seed: 1}, two: {model.lmbda: 0.05}}")  # fmt: skip
    assert done.status == 0, done.err
    run = Path(done.last_line)
    metrics = read_results(run / "results.json")["metrics"]
    assert {"one/psnr", "two/psnr"} <= set(metrics)
    assert metrics["one/psnr"] == read_results(run / "one" / "results.json")["metrics"]["psnr"]
    assert (run / "two" / "checkpoints" / "last.ckpt").exists()
    assert not (run / "checkpoints").exists()
    before = (run / "one" / "results.json").stat().st_mtime_ns
    (run / "two" / "results.json").unlink()
    again = verb("train", f"resume={run}")
    assert again.status == 0, again.err
    assert (run / "two" / "results.json").exists()
    assert (run / "one" / "results.json").stat().st_mtime_ns == before


def test_wrong_fits_are_named(verb, small_training):
    for fits, expected in (
        ("null", "found none"),
        ("{one: {sead: 1}}", "'sead' is not a key"),
        ("{a/b: {seed: 1}}", "a/b"),
    ):
        done = verb("train", *small_training, "procedure=study", f"procedure.fits={fits}")
        assert done.status == 1
        assert expected in done.err, done.err

from running.table import print_results, show


def test_numbers_are_short_and_the_rest_is_json():
    assert (show(1234.5678), show(0.000012345), show(3), show({"a": 1})) == (
        "1235",
        "1.234e-05",
        "3",
        '{"a": 1}',
    )


def test_metrics_points_and_rates_are_printed(capsys):
    point = {"codec": "jpeg", "setting": 10, "bits_per_pixel": 0.51, "psnr": 30.25, "ms_ssim": None}
    print_results(
        {"metrics": {"psnr": 31.5}, "rate_distortion": [point, {**point, "codec": "learned", "setting": 3}],
         "bd_rate": {"jpeg": -12.34, "webp": None}},
        title="a run",
    )  # fmt: skip
    out = capsys.readouterr().out
    for words in ("a run", "31.5", "30.25", "learned", "jpeg -12.3 %", "webp -"):
        assert words in out


def test_scores_stand_beside_baselines_and_are_not_repeated(capsys):
    results = {
        "metrics": {"psnr": 21.25, "hours": 3.5},
        "scores": {"model": {"psnr": 21.25}, "do_nothing": {"psnr": 8.75}},
        "score_notes": {"sar_only": "2 bands instead of 3"},
    }
    print_results(results, title="a run")
    out = capsys.readouterr().out
    for words in ("hours", "do nothing", "8.75", "sar_only: 2 bands"):
        assert words in out
    assert out.count("21.25") == 1

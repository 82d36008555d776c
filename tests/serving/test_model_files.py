import pytest

from errors import UserError
from networks.trained_weights import save_super_resolver
from serving.model_files import target_of, words_of
from tests.fakes import sentinel2
from tests.fakes.small_resolvers import small_resolver


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.yaml").write_text("data: {target_m: 60}\n")
    return folder


@pytest.fixture
def weights(tmp_path):
    return save_super_resolver(tmp_path / "20.safetensors", small_resolver(sentinel2.sensor(), 20))


def test_target_grids_of_runs_and_files(run, weights):
    assert (target_of(run), target_of(weights)) == (60, 20)


def test_words_that_choose_them(run, weights):
    assert list(words_of("sentinel2", [run])) == [f"run=['{run}']"]
    assert list(words_of("sentinel2", [weights])) == ["sensor=sentinel2", f"weights=['{weights}']"]
    with pytest.raises(UserError, match="models of sentinel2: found runs and weights files"):
        list(words_of("sentinel2", [run, weights]))


def test_what_is_no_model_is_told(tmp_path, run):
    (run / "config.yaml").write_text("data: {root: x}\n")
    (tmp_path / "other.safetensors").write_bytes(b"x" * 100)
    for path in (run, tmp_path / "other.safetensors", tmp_path / "nothing"):
        with pytest.raises(UserError, match=str(path)):
            target_of(path)

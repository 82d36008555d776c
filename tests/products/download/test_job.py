import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from errors import UserError
from products.download.job import generate

DATA = {"1.zip": b"first" * 1000, "2.zip": b"second" * 1000, "L1C_files.json": b"{}"}


def entries(files):
    return [
        {"key": key, "size": len(data), "checksum": f"md5:{hashlib.md5(data).hexdigest()}"}
        for key, data in files.items()
    ]


@pytest.fixture
def sources(server):
    for name, data in DATA.items():
        server.put(f"/files/{name}", data)
    server.pages["/record"] = lambda asked: {"files": entries(DATA)}
    return {
        "thraws": {
            "kind": "zenodo",
            "record": 1,
            "api": server.url("/record"),
            "file_url": server.url("/files/{name}"),
        }
    }


@pytest.fixture
def fetch(sources, tmp_path):
    transfer = {
        "attempts": 2,
        "first_wait_s": 0.001,
        "longest_wait_s": 0.01,
        "connect_s": 5,
        "read_s": 5,
        "redirects": 4,
    }

    def run(**wishes):
        return generate(
            tmp_path / "out", source="thraws", sources=sources, shared={}, transfer=transfer, **wishes
        )

    return run


def asked_for(server):
    return [one.path for one in server.asked if one.path.startswith("/files/")]


def test_a_dry_run_lists_and_fetches_nothing(fetch, server, tmp_path, capsys):
    fetch(dry_run=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["1.zip", "5.0", "kB"]
    assert lines[-1] == "to fetch: 3, 11.0 kB; already there: 0"
    assert asked_for(server) == []
    assert not (tmp_path / "out").exists()


def test_a_second_call_fetches_nothing_again(fetch, server, tmp_path, capsys):
    fetch(names=["*.zip"])
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.zip")} == {
        name: DATA[name] for name in ("1.zip", "2.zip")
    }
    record = json.loads((tmp_path / "out" / "downloads.json").read_text())["files"]
    assert [entry["name"] for entry in record] == ["1.zip", "2.zip"]
    first = record[0]
    assert first["url"] == server.url("/files/1.zip")
    assert first["size"] == len(DATA["1.zip"])
    assert first["sha256"] == hashlib.sha256(DATA["1.zip"]).hexdigest()
    assert first["checksum"] == f"md5:{hashlib.md5(DATA['1.zip']).hexdigest()}"
    assert first["date"].startswith("20")
    capsys.readouterr()
    fetch(names=["*.zip"])
    assert asked_for(server) == ["/files/1.zip", "/files/2.zip"]
    assert "to fetch: 0, 0 B; already there: 2" in capsys.readouterr().out
    (tmp_path / "out" / "1.zip").write_bytes(b"cut")
    fetch()
    assert asked_for(server)[2:] == ["/files/1.zip", "/files/L1C_files.json"]
    assert (tmp_path / "out" / "1.zip").read_bytes() == DATA["1.zip"]


def test_what_changed_on_the_server_is_fetched_again(fetch, server, tmp_path):
    fetch(names=["1.zip"])
    changed = DATA | {"1.zip": b"newer" * 1000}
    server.put("/files/1.zip", changed["1.zip"])
    server.pages["/record"] = lambda asked: {"files": entries(changed)}
    fetch(names=["1.zip"])
    assert (tmp_path / "out" / "1.zip").read_bytes() == changed["1.zip"]


def test_too_much_is_refused_before_anything_is_fetched(fetch, server, tmp_path):
    with pytest.raises(
        UserError, match=r"max_gigabytes: found 11\.0 kB in 3 files to fetch, expected at most 1e-05 GB"
    ):
        fetch(max_gigabytes=0.00001)
    assert asked_for(server) == []
    assert not (tmp_path / "out").exists()


def test_one_that_fails_keeps_no_other_from_being_fetched(fetch, server, tmp_path):
    server.put("/files/1.zip", b"other" * 1000)
    with pytest.raises(
        UserError, match=r"1 of 3 files were not fetched to .*: 1\.zip: .* the file was removed"
    ):
        fetch()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "2.zip",
        "L1C_files.json",
        "downloads.json",
    ]
    server.put("/files/1.zip", DATA["1.zip"], wanted="Basic x")
    (tmp_path / "out" / "2.zip").unlink()
    with pytest.raises(UserError, match=r"2 of 2 files were not fetched .*401"):
        fetch(names=["*.zip"])
    assert asked_for(server)[-1] == "/files/1.zip"


def test_sentences(fetch, tmp_path, sources):
    for wishes, sentence in (
        ({"names": ["3.zip"]}, r"names: found no file '3\.zip'"),
        ({"box": [1, 2, 3, 4]}, "box: source=thraws knows no such wish, expected one of names, events"),
    ):
        with pytest.raises(UserError, match=sentence):
            fetch(**wishes)
    with pytest.raises(UserError, match="source: found 'x', expected one of thraws"):
        generate(tmp_path, source="x", sources=sources, shared={}, transfer={})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "downloads.json").write_text("[]")
    with pytest.raises(UserError, match="found no list of downloads"):
        fetch()


def test_places_by_name(fetch):
    places = {"ocean": [-150, -35, -120, 35]}
    for wishes, sentence in (
        ({"footprint": "moon"}, "footprint: found 'moon', expected one of ocean"),
        (
            {"footprint": "ocean", "box": [1, 2, 3, 4]},
            "footprint: found ocean and box=.*, expected one of the two",
        ),
        ({"footprint": "ocean"}, "box: source=thraws knows no such wish"),
        ({"order": "cloudiest"}, "order: source=thraws knows no such wish"),
        ({"order": "best"}, "order: found best, expected one of cloudiest, clearest"),
    ):
        with pytest.raises(UserError, match=sentence):
            fetch(footprints=places, **wishes)


def test_an_output_that_is_a_file(fetch, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match=r"found no way to write there \(File exists\)"):
        fetch()


def test_two_files_of_one_name_are_refused(fetch, server):
    two = [*entries(DATA), {"key": "1.ZIP", "size": 3, "checksum": ""}]
    server.pages["/record"] = lambda asked: {"files": two}
    with pytest.raises(UserError, match=r"1\.ZIP: found it twice"):
        fetch()


def words(server, output, *more):
    return [
        "generator=download", "source=thraws", f"output={output}", "progress=false", "transfer.first_wait_s=0.01",
        f"generator.sources.thraws.api={server.url('/record')}",
        f"generator.sources.thraws.file_url='{server.url('/files/{name}')}'", *more,
    ]  # fmt: skip


def test_the_command(verb, server, sources, tmp_path, monkeypatch):
    monkeypatch.setenv("EARTHDATA_TOKEN", "SECRET-TOKEN")
    done = verb("generate", *words(server, tmp_path / "out", "names=['1*']"))
    assert done.status == 0, done.err
    assert done.last_line == str(tmp_path / "out")
    assert (tmp_path / "out" / "1.zip").read_bytes() == DATA["1.zip"]
    assert json.loads((tmp_path / "out" / "generated.json").read_text())["generator"]["names"] == ["1*"]
    assert not any("SECRET-TOKEN" in path.read_text(errors="ignore") for path in (tmp_path / "out").iterdir())
    done = verb("generate", *words(server, tmp_path / "x", "names=[9]"))
    assert (done.status, "Traceback" in done.err) == (1, False)
    assert "names: found no file '9'" in done.err
    assert not (tmp_path / "x").exists()


def test_ctrl_c_keeps_the_part_and_the_same_command_goes_on(server, sources, repository, tmp_path):
    data = b"slow" * 400_000
    server.pages["/record"] = lambda asked: {"files": entries({"1.zip": data})}
    served = server.put("/files/1.zip", data)
    server.files["/files/1.zip"].pause_behind = 1_000_000
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(repository / "generate.py"), *words(server, tmp_path / "out")]
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    part = tmp_path / "out" / ".1.zip.part"
    until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    there = part.stat().st_size
    assert 0 < there <= 1_000_000
    server.files["/files/1.zip"].pause_behind = None
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "1.zip").read_bytes() == data
    assert server.gets("/files/1.zip")[-1].headers["Range"] == f"bytes={there}-", served


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["source=thraws"], "zenodo.org did not answer"),
        (["source=aid"], "huggingface.co did not answer"),
        (["source=ucr_series", "names=[Crop]"], "www.timeseriesclassification.com did not answer"),
        (
            ["source=auxiliary", "layer=altitude", "box=[7,46,8,47]"],
            "opentopography.s3.sdsc.edu did not answer",
        ),
        (
            ["source=auxiliary", "layer=surface_water", "box=[7,46,8,47]"],
            "storage.googleapis.com did not answer",
        ),
        (
            ["source=auxiliary", "layer=tree_cover", "box=[7,46,8,47]"],
            "the search for GFCC30TC on cmr.earthdata.nasa.gov",
        ),
        (["source=auxiliary", "layer=land_cover"], "layer=land_cover: no public server"),
        (["source=sentinel2", "box=[7,46,8,47]"], "the search on cop_dataspace failed"),
        (["source=sentinel3", "box=[7,46,8,47]"], "the search on cop_dataspace failed"),
        (["source=landsat8", "box=[7,46,8,47]"], "provider=usgs: eodag does not know it"),
        (["source=modis", "box=[7,46,8,47]"], "the search for MOD09 on cmr.earthdata.nasa.gov failed"),
        (["source=viirs", "box=[7,46,8,47]"], "the search for VNP09 on cmr.earthdata.nasa.gov failed"),
    ],
    ids=lambda value: "-".join(value)[:40] if isinstance(value, list) else None,
)
def test_every_source_of_the_catalogue_reaches_for_its_server(verb, tmp_path, monkeypatch, words, sentence):
    """Nobody is reached here, whatever network there is: the way out is a proxy that is not there."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("EODAG_CFG_DIR", str(tmp_path / "eodag"))
    (tmp_path / "eodag").mkdir()
    done = verb("generate", "generator=download", f"output={tmp_path}/x", "transfer.attempts=1", *words)
    assert (done.status, "Traceback" in done.err) == (1, False), done.err
    assert sentence in done.err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("package", "source"), [("eodag", "sentinel2"), ("earthaccess", "modis")])
def test_packages_that_are_not_installed(verb, tmp_path, monkeypatch, package, source):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    done = verb(
        "generate", "generator=download", f"source={source}", "box=[7,46,8,47]", f"output={tmp_path}/x"
    )
    assert f"{package} is not installed, expected it: uv sync --extra download" in done.err
    assert done.status == 1

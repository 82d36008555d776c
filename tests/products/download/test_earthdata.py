"""earthaccess's own search and login run here, against servers of this machine that speak CMR and Earthdata Login."""

import base64
import hashlib
import logging
from urllib.parse import parse_qs, urlsplit

import pytest

from errors import UserError
from products.download import earthdata
from products.download.remote_item import Watch
from products.download.selection import Box, Selection
from tests.fakes.file_server import serving_files, write_certificate

WISHES = Selection(box=Box(7.5, 46.2, 8.3, 46.8), start="2024-06-01", end="2024-06-02", count=1)
NAME = "MOD09.A2024153.1010.061.2024154022345.hdf"
SWATH = b"a MODIS swath" * 5000


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    for name in ("EARTHDATA_TOKEN", "EARTHDATA_USERNAME", "EARTHDATA_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def granule(name, url, **about):
    return {
        "meta": {"concept-id": "G1-LAADS", "provider-id": "LAADS", "collection-concept-id": "C1-LAADS"},
        "umm": {
            "GranuleUR": name,
            "TemporalExtent": {"RangeDateTime": {"BeginningDateTime": "2024-06-01T10:10:00.000Z",
                                                 "EndingDateTime": "2024-06-01T10:15:00.000Z"}},
            "DataGranule": {"ArchiveAndDistributionInformation": [{"Name": name, **about}]},
            "RelatedUrls": [
                {"URL": url, "Type": "GET DATA"},
                {"URL": "s3://prod-lads/" + name, "Type": "GET DATA VIA DIRECT ACCESS"},
                {"URL": url.replace(".hdf", ".jpg"), "Type": "GET RELATED VISUALIZATION"},
                {"URL": url.replace(".hdf", ".xml"), "Type": "GET DATA"},
            ],
        },
    }  # fmt: skip


@pytest.fixture
def source(server):
    """CMR with MOD09 and its geolocation; the files want a token."""
    here = server.url
    by_name = {
        "MOD09": [granule(NAME, here("/archive/" + NAME), SizeInBytes=len(SWATH),
                          Checksum={"Value": hashlib.sha256(SWATH).hexdigest(), "Algorithm": "SHA-256"})],
        "MOD03": [granule(f"MOD03.A2024153.{time}.061.x.hdf", here(f"/archive/MOD03.A2024153.{time}.061.x.hdf"),
                          Size=3.5, SizeUnit="MB") for time in ("1005", "1010")],
        "NONE": [],
    }  # fmt: skip

    def search(asked):
        wishes = parse_qs(urlsplit(asked.path).query)
        items = by_name[wishes["short_name"][0]]
        return {"hits": len(items), "took": 1, "items": items[: int(wishes["page_size"][0])]}

    server.pages["/search/granules.umm_json"] = search
    server.page_headers = {"CMR-Hits": "1"}
    server.put("/archive/" + NAME, SWATH, wanted="Bearer SECRET-TOKEN", faults=["cut:20000"])
    server.put("/archive/MOD03.A2024153.1010.061.x.hdf", b"geo", wanted="Bearer SECRET-TOKEN")
    return {
        "collection": "MOD09", "version": "061", "companions": ["MOD03/061"], "suffixes": [".hdf"], "clouds": False,
        "catalogue": server.url("/search/"), "login_host": "urs.example.org", "credential_hosts": ["127.0.0.1"],
    }  # fmt: skip


def watch(limits):
    return Watch(10**9, lambda done, total: None, limits)


def test_from_search_to_file(source, server, quick, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    items = earthdata.find("modis", source, WISHES, quick)
    wishes = parse_qs(urlsplit(server.asked[0].path).query)
    assert wishes["bounding_box"] == ["7.5,46.2,8.3,46.8"]
    assert wishes["temporal[]"] == ["2024-06-01T00:00:00Z,2024-06-02T23:59:59Z"]
    assert (wishes["version"], wishes["page_size"]) == (["061"], ["1"])
    assert [(item.name, item.size) for item in items] == [
        (NAME, len(SWATH)), ("MOD03.A2024153.1010.061.x.hdf", int(3.5 * 2**20)),
    ]  # fmt: skip
    assert items[0].facts["acquired"] == "2024-06-01T10:10:00.000Z"
    monkeypatch.setenv("EARTHDATA_TOKEN", "SECRET-TOKEN")
    for item in items:
        item.fetch(tmp_path / item.name, watch(quick))
    assert (tmp_path / NAME).read_bytes() == SWATH
    assert (tmp_path / "MOD03.A2024153.1010.061.x.hdf").read_bytes() == b"geo"
    assert [one.headers.get("Range") for one in server.gets("/archive/" + NAME)] == [None, "bytes=20000-"]
    assert "SECRET" not in caplog.text + repr(items)


def test_another_collection_has_no_companions(source, server, quick):
    items = earthdata.find(
        "modis", source, Selection(box=WISHES.box, product_type="MOD03/061", count=2), quick
    )
    assert [item.name.split(".")[2] for item in items] == ["1005", "1010"]
    assert "temporal[]" not in parse_qs(urlsplit(server.asked[0].path).query)


def test_the_token_goes_to_no_other_host(source, server, quick, tmp_path, monkeypatch):
    monkeypatch.setenv("EARTHDATA_TOKEN", "SECRET-TOKEN")
    server.redirects["/archive/" + NAME] = "/moved"
    with serving_files() as other:
        server.redirects["/moved"] = f"http://localhost:{other.port}/{NAME}"
        other.put("/" + NAME, SWATH)
        earthdata.find("modis", source, WISHES, quick)[0].fetch(tmp_path / NAME, watch(quick))
        assert "Authorization" not in other.asked[0].headers
    assert (tmp_path / NAME).read_bytes() == SWATH
    assert server.gets("/moved")[0].headers["Authorization"] == "Bearer SECRET-TOKEN"


def test_missing_and_refused_credentials(source, server, quick, tmp_path, monkeypatch):
    item = earthdata.find("modis", source, WISHES, quick)[0]
    with pytest.raises(
        UserError, match="found no credentials, expected EARTHDATA_TOKEN, or EARTHDATA_USERNAME"
    ):
        item.fetch(tmp_path / NAME, watch(quick))
    monkeypatch.setenv("EARTHDATA_TOKEN", "SECRET-OTHER")
    with pytest.raises(UserError, match="the credentials were refused; expected EARTHDATA_TOKEN") as caught:
        item.fetch(tmp_path / NAME, watch(quick))
    assert "SECRET" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["environment", "netrc"])
def test_user_and_password_become_a_token(source, server, quick, tmp_path, monkeypatch, place):
    certificate = write_certificate(tmp_path / "certificate.pem", "urs.example.org")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    word = "Basic " + base64.b64encode(b"me:SECRET-WORD").decode()
    with serving_files(certificate) as login:
        monkeypatch.setenv("HTTPS_PROXY", login.url("/"))

        def token(asked):
            if asked.headers.get("Authorization") != word:
                return {}
            return {"access_token": "SECRET-TOKEN", "token_type": "Bearer", "expiration_date": "01/01/2027"}

        login.pages["/api/users/find_or_create_token"] = token
        if place == "environment":
            monkeypatch.setenv("EARTHDATA_USERNAME", "me")
            monkeypatch.setenv("EARTHDATA_PASSWORD", "SECRET-WORD")
        else:
            (tmp_path / "netrc").write_text("machine urs.example.org login me password SECRET-WORD\n")
        items = earthdata.find("modis", source, WISHES, quick)
        items[0].fetch(tmp_path / NAME, watch(quick))
        assert [one.path for one in login.asked if one.method == "CONNECT"] == ["urs.example.org:443"]
    assert (tmp_path / NAME).read_bytes() == SWATH


def test_sentences(source, server, quick):
    for wishes, changes, sentence in (
        (Selection(), {}, "box: source=modis needs one"),
        (Selection(box=WISHES.box, cloud_cover=5), {}, "cloud_cover: granules of MOD09 carry none"),
        (Selection(box=WISHES.box, provider="x"), {}, "provider: source=modis knows no such wish"),
        (WISHES, {"collection": "NONE"}, "found no granule of NONE 061"),
        (WISHES, {"companions": ["NONE/1"]}, f"found no NONE 1 for {NAME}"),
        (WISHES, {"suffixes": [".nc"]}, "found granules without files"),
        (WISHES, {"catalogue": server.url("/nothing/")}, "the search for MOD09 on 127.0.0.1 failed"),
    ):
        with pytest.raises(UserError, match=sentence):
            earthdata.find("modis", source | changes, wishes, quick)


def test_names_of_files_stay_inside(source, server, quick):
    evil = granule("x", server.url("/archive/..%2F..%2Fevil.hdf"))
    server.pages["/search/granules.umm_json"] = lambda asked: {"hits": 1, "items": [evil]}
    with pytest.raises(UserError, match="found the file name"):
        earthdata.find("modis", source | {"companions": []}, WISHES, quick)

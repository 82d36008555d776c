"""eodag's own search, authentication and download run here, against a server of this machine that speaks the protocols."""

import hashlib
import json
import logging
import re
import time
from urllib.parse import parse_qs, unquote

import jwt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from errors import UserError
from products.download import eodag_catalogue
from products.download.remote_item import Watch
from products.download.selection import Box, Selection

SHARED = {
    "titles": "*",
    "search_more": 4,
    "order_among": 20,
    "search_most": 30,
    "left_out": ["*thumb*", "*preview*"],
    "order_minutes": 0.01,
    "catalogue_checks": True,
    "accounts": {"cop_dataspace": "COP_NAME and COP_WORD", "here": "HERE_WORD"},
}
WISHES = Selection(
    box=Box(7.5, 46.2, 8.3, 46.8), start="2024-06-01", end="2024-06-30", cloud_cover=5, count=2
)
ARCHIVE = b"PK\x03\x04" + b"a Sentinel-2 product" * 20_000
TITLE = "S2A_MSIL1C_20240612T102601_N0510_R108_T32TMS_20240612T123456"


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """eodag's own configuration, in a folder of the test."""
    folder = tmp_path / "eodag"
    folder.mkdir()
    monkeypatch.setenv("EODAG_CFG_DIR", str(folder))
    for name in (
        "EODAG__COP_DATASPACE__AUTH__CREDENTIALS__USERNAME",
        "EODAG__COP_DATASPACE__AUTH__CREDENTIALS__PASSWORD",
    ):
        monkeypatch.delenv(name, raising=False)

    def write(**providers):
        (folder / "eodag.yml").write_text(yaml.safe_dump(providers))

    return write


@pytest.fixture
def copernicus(server, settings):
    """The Copernicus Data Space: OData, Keycloak, and a product behind a redirect."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {
        "kid": "1",
        "use": "sig",
        "alg": "RS256",
    }
    product = {
        "Id": "0000-1111", "Name": f"{TITLE}.SAFE", "ContentType": "application/octet-stream", "Online": True,
        "ContentLength": len(ARCHIVE), "Checksum": [{"Value": hashlib.md5(ARCHIVE).hexdigest(), "Algorithm": "MD5"}],
        "ContentDate": {"Start": "2024-06-12T10:26:01.024Z", "End": "2024-06-12T10:26:01.024Z"},
        "Footprint": "geography'SRID=4326;POLYGON ((7 46, 9 46, 9 47, 7 47, 7 46))'",
        "Attributes": [{"Name": "cloudCover", "Value": 2.5, "ValueType": "Double"}], "Assets": [],
    }  # fmt: skip
    server.pages["/odata/v1/Products"] = lambda asked: {"value": [product]}
    server.pages["/realm"] = lambda asked: {
        "token_endpoint": server.url("/token"), "jwks_uri": server.url("/keys"),
        "authorization_endpoint": server.url("/login"), "id_token_signing_alg_values_supported": ["RS256"],
    }  # fmt: skip
    server.pages["/keys"] = lambda asked: {"keys": [public]}
    claims = {"exp": int(time.time()) + 600, "aud": "CLOUDFERRO_PUBLIC"}
    token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "1"})
    server.pages["/token"] = lambda asked: {
        "access_token": token,
        "refresh_token": "r",
        "refresh_expires_in": 3600,
    }
    server.redirects["/odata/v1/Products(0000-1111)/$value"] = "/data/0000-1111?signed=yes"
    server.put("/data/0000-1111", ARCHIVE, faults=["cut:200000"])
    search = {
        "api_endpoint": server.url("/odata/v1/Products"),
        "metadata_mapping": {"eodag:download_link": server.url("/odata/v1/Products({uid})/$value")},
    }
    settings(
        cop_dataspace={
            "search": search,
            "auth": {"oidc_config_url": server.url("/realm"), "matching_url": server.url("/odata")},
        }
    )
    return {**SHARED, "provider": "cop_dataspace", "product_type": "S2_MSI_L1C"}, token


def watch(limits, seen=None):
    return Watch(10**9, lambda done, total: None if seen is None else seen.append((done, total)), limits)


def test_copernicus_from_search_to_file(copernicus, server, quick, tmp_path, monkeypatch, caplog):
    source, token = copernicus
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("EODAG__COP_DATASPACE__AUTH__CREDENTIALS__USERNAME", "somebody")
    monkeypatch.setenv("EODAG__COP_DATASPACE__AUTH__CREDENTIALS__PASSWORD", "SECRET-WORD")
    items = eodag_catalogue.find("sentinel2", source, WISHES, quick)
    question = unquote(next(one.path for one in server.asked if one.path.startswith("/odata/v1/Products?")))
    for part in (
        "S2MSI1C",
        "SENTINEL-2",
        "le 5",
        "2024-06-01T00:00:00",
        "2024-06-30T23:59:59",
        "$top=2",
        "7.5 46.2",
    ):
        assert part in question.replace("+", " ").replace("7.5000", "7.5").replace("46.2000", "46.2"), part
    assert [(item.name, item.size) for item in items] == [(f"{TITLE}.zip", len(ARCHIVE))]
    assert str(items[0].checksum) == f"md5:{hashlib.md5(ARCHIVE).hexdigest()}"
    assert (items[0].facts["cloud_cover"], items[0].facts["provider"]) == (2.5, "cop_dataspace")
    assert server.gets("/token") == []
    items[0].fetch(tmp_path / items[0].name, watch(quick))
    assert (tmp_path / items[0].name).read_bytes() == ARCHIVE
    form = parse_qs(next(one.body for one in server.asked if one.path == "/token").decode())
    assert (form["username"], form["password"]) == (["somebody"], ["SECRET-WORD"])
    assert f"token={token}" in server.gets("/odata/v1/Products(0000-1111)/$value")[0].path
    assert [one.headers.get("Range") for one in server.gets("/data/0000-1111")] == [None, "bytes=200000-"]
    for secret in ("SECRET-WORD", token):
        assert secret not in caplog.text + json.dumps([dict(items[0].facts), items[0].url])


def test_missing_and_refused_credentials_name_the_variables(copernicus, server, quick, tmp_path, monkeypatch):
    source, _ = copernicus
    item = eodag_catalogue.find("sentinel2", source, WISHES, quick)[0]
    server.redirects.clear()
    server.put("/odata/v1/Products(0000-1111)/$value", ARCHIVE, wanted="never")
    with pytest.raises(
        UserError, match=r"missing or refused \(MisconfiguredError\); expected COP_NAME and COP_WORD"
    ):
        item.fetch(tmp_path / "a.zip", watch(quick))
    monkeypatch.setenv("EODAG__COP_DATASPACE__AUTH__CREDENTIALS__USERNAME", "somebody")
    monkeypatch.setenv("EODAG__COP_DATASPACE__AUTH__CREDENTIALS__PASSWORD", "SECRET-WORD")
    token_page = server.pages.pop("/token")
    item = eodag_catalogue.find("sentinel2", source, WISHES, quick)[0]
    with pytest.raises(UserError, match="expected COP_NAME and COP_WORD") as caught:
        item.fetch(tmp_path / "a.zip", watch(quick))
    server.pages["/token"] = token_page
    with pytest.raises(UserError, match="credentials are missing or refused; expected COP_NAME and COP_WORD"):
        item.fetch(tmp_path / "a.zip", watch(quick))
    assert "SECRET" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["eodag"]


def stac(server, items):
    server.pages["/search"] = lambda asked: {
        "type": "FeatureCollection",
        "features": items,
        "numberMatched": len(items),
    }
    return {
        "priority": 0,
        "search": {"type": "StacSearch", "api_endpoint": server.url("/search"), "need_auth": False},
        "products": {"LANDSAT_C2L2": {"_collection": "landsat-c2-l2"}},
        "download": {"type": "HTTPDownload", "auth_error_code": 401},
        "auth": {"type": "GenericAuth", "method": "basic", "matching_url": re.escape(server.url("/private/")),
                 "credentials": {"username": "me", "password": "SECRET-WORD"}},
    }  # fmt: skip


def feature(title, assets, **properties):
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": title, "collection": "landsat-c2-l2", "links": [],
        "geometry": {"type": "Polygon", "coordinates": [[[7, 46], [9, 46], [9, 47], [7, 47], [7, 46]]]},
        "bbox": [7, 46, 9, 47], "assets": assets,
        "properties": {"datetime": "2024-06-01T10:00:00Z", "eo:cloud_cover": 3.0, **properties},
    }  # fmt: skip


def test_assets_one_by_one(server, settings, quick, tmp_path):
    digest = "1220" + hashlib.sha256(b"blue").hexdigest()
    assets = {
        "blue": {"href": server.put("/private/x_B2.TIF", b"blue", wanted="Basic bWU6U0VDUkVULVdPUkQ="), "roles": ["data"],
                 "file:size": 4, "file:checksum": digest},
        "mtl": {"href": server.put("/open/x_MTL.txt", b"mtl"), "roles": ["metadata"]},
        "thumbnail": {"href": server.put("/open/x_thumb_large.png", b"png"), "roles": ["thumbnail"]},
    }  # fmt: skip
    title = "LC08_L2SP_195028_20240601_20240610_02_T1"
    others = [feature("LE07_L2SP_195028_20240602_20240610_02_T1", assets)]
    settings(here=stac(server, [*others, feature(title, assets)]))
    source = {**SHARED, "provider": "here", "product_type": "LANDSAT_C2L2", "titles": "LC0[89]*"}
    items = eodag_catalogue.find("landsat8", source, WISHES, quick)
    assert json.loads(next(one.body for one in server.asked if one.path == "/search"))["limit"] == 8
    assert sorted((item.name, item.size) for item in items) == [
        (f"{title}/x_B2.TIF", 4),
        (f"{title}/x_MTL.txt", None),
    ]
    for item in items:
        item.fetch(tmp_path / item.name.split("/")[1], watch(quick))
    assert (tmp_path / "x_B2.TIF").read_bytes() == b"blue"
    assert "Authorization" not in server.gets("/open/x_MTL.txt")[0].headers


def test_the_cloudiest_of_what_is_found(server, settings, quick):
    covers = {
        "S3A_HAZY": 40.0,
        "S3A_OVERCAST": 97.5,
        "S3B_UNKNOWN": None,
        "S3B_CLEAR": 2.0,
        "S3B_OVERCAST": 97.5,
    }
    found = [
        feature(
            title,
            {"product": {"href": server.put(f"/open/{title}.zip", b"blue")}},
            **{"eo:cloud_cover": cover},
        )
        for title, cover in covers.items()
    ]
    settings(here=stac(server, found))
    source = {**SHARED, "provider": "here", "product_type": "LANDSAT_C2L2"}
    wishes = Selection(box=Box(7, 46, 8, 47), count=3, order="cloudiest")
    items = eodag_catalogue.find("sentinel3", source, wishes, quick)
    assert [item.name for item in items] == ["S3A_OVERCAST.zip", "S3B_OVERCAST.zip", "S3A_HAZY.zip"]
    assert json.loads(next(one.body for one in server.asked if one.path == "/search"))["limit"] == 30
    items = eodag_catalogue.find(
        "sentinel3", source, Selection(box=wishes.box, count=5, order="clearest"), quick
    )
    assert [item.name for item in items][0::4] == ["S3B_CLEAR.zip", "S3B_UNKNOWN.zip"]


def test_a_catalogue_that_is_wrong(server, settings, quick, tmp_path):
    asset = {"href": server.put("/open/x.zip", b"blue"), "file:size": 5}
    settings(here=stac(server, [feature("S2A_X", {"product": asset})]))
    source = {**SHARED, "provider": "here", "product_type": "LANDSAT_C2L2"}
    item = eodag_catalogue.find("sentinel2", source, WISHES, quick)[0]
    with pytest.raises(
        UserError, match=r"found 4 bytes, expected 5 as listed; .*catalogue_checks=false takes"
    ):
        item.fetch(tmp_path / "x.zip", watch(quick))
    item = eodag_catalogue.find("sentinel2", source | {"catalogue_checks": False}, WISHES, quick)[0]
    assert (item.name, item.size) == ("x.zip", 5)
    item.fetch(tmp_path / "x.zip", watch(quick))
    assert (tmp_path / "x.zip").read_bytes() == b"blue"


def test_what_eodag_has_to_fetch_itself(server, settings, quick, tmp_path):
    """A product that wants a form to be posted: eodag's own download, into a hidden folder, then given its name."""
    title = "S2A_MSIL1C_X"
    server.pages["/order"] = lambda asked: {"bytes": json.loads(asked.body)}
    server.page_headers = {"Content-Disposition": f"attachment; filename={title}.json"}
    provider = stac(server, [feature(title, {})])
    provider["search"]["metadata_mapping"] = {
        "eodag:download_link": server.url("/order") + '?{{"wanted":"{id}"}}'
    }
    provider["download"] |= {"method": "POST"}
    settings(here=provider)
    source = {**SHARED, "provider": "here", "product_type": "LANDSAT_C2L2"}
    item = eodag_catalogue.find("sentinel2", source, WISHES, quick)[0]
    assert item.url == f"eodag:here/LANDSAT_C2L2/{title}"
    seen = []
    found = item.fetch(tmp_path / item.name, watch(quick, seen))
    assert sorted(path.name for path in tmp_path.iterdir()) == [title, "eodag"]
    assert found.size == sum(path.stat().st_size for path in (tmp_path / title).iterdir()) > 10
    assert seen
    del server.pages["/order"]
    with pytest.raises(
        UserError, match=r"S2A_MSIL1C_X_2: eodag could not fetch it from here .* expected HERE_WORD"
    ):
        item.fetch(tmp_path / "S2A_MSIL1C_X_2", watch(quick))
    assert not (tmp_path / "S2A_MSIL1C_X_2").exists()


def test_sentences(server, settings, quick):
    settings(here=stac(server, []))
    source = {**SHARED, "provider": "here", "product_type": "LANDSAT_C2L2"}
    for wishes, changes, sentence in (
        (Selection(), {}, "box: source=x needs one"),
        (Selection(box=Box(179, 0, -179, 1)), {}, "across the date line"),
        (Selection(layer="a"), {}, "layer: source=x knows no such wish"),
        (WISHES, {}, "source=x: found no product"),
        (WISHES, {"provider": "usgs"}, "provider=usgs: eodag does not know it, lacks its plugin"),
    ):
        with pytest.raises(UserError, match=sentence):
            eodag_catalogue.find("x", source | changes, wishes, quick)
    settings(here=stac(server, [feature("../../evil", {})]))
    with pytest.raises(UserError, match="found the file name"):
        eodag_catalogue.find("x", source, WISHES, quick)
    del server.pages["/search"]
    with pytest.raises(UserError, match=r"the search on here failed \(RequestError 404\)"):
        eodag_catalogue.find("x", source, WISHES, quick)

import pytest

from errors import UserError
from products.download import map_tiles
from products.download.selection import Box, Selection


@pytest.fixture
def source(server):
    return {
        "most_tiles": 6,
        "shared": {"earthdata": {}},
        "layers": {
            "altitude": {"url": server.url("/ALPSMLC30_{ns}{lat:03d}{ew}{lon:03d}_DSM.tif"), "degrees": 1,
                         "named_by": "south_west"},
            "surface_water": {"url": server.url("/extent_{lon}{ew}_{lat}{ns}v1_4_2021.tif"), "degrees": 10,
                              "named_by": "north_west"},
            "lakes": {"recipe": 'section "Lakes"', "expected_file": "TILE_10m_COP_Lakes.tif"},
        },
    }  # fmt: skip


def names(layer, box, source, limits):
    return [
        item.name for item in map_tiles.find("auxiliary", source, Selection(layer=layer, box=box), limits)
    ]


def test_names_of_tiles(server, source, quick):
    for name in ("N046E007", "N046E008", "S001W001"):
        server.put(f"/ALPSMLC30_{name}_DSM.tif", b"x" * 9)
    for name in ("0E_50N", "10W_0N", "180W_10S", "170E_10S"):
        server.put(f"/extent_{name}v1_4_2021.tif", b"x")
    assert names("altitude", Box(7.5, 46.2, 8.3, 46.8), source, quick) == [
        "ALPSMLC30_N046E007_DSM.tif", "ALPSMLC30_N046E008_DSM.tif",
    ]  # fmt: skip
    assert names("altitude", Box(7.0, 46.0, 8.0, 47.0), source, quick) == ["ALPSMLC30_N046E007_DSM.tif"]
    assert names("altitude", Box(-0.5, -0.5, -0.2, -0.2), source, quick) == ["ALPSMLC30_S001W001_DSM.tif"]
    assert names("surface_water", Box(7.5, 46.2, 8.3, 46.8), source, quick) == ["extent_0E_50Nv1_4_2021.tif"]
    assert names("surface_water", Box(-5, -5, -4, -4), source, quick) == ["extent_10W_0Nv1_4_2021.tif"]
    assert names("surface_water", Box(179, -18, -179, -17), source, quick) == [
        "extent_170E_10Sv1_4_2021.tif", "extent_180W_10Sv1_4_2021.tif",
    ]  # fmt: skip
    assert all(one.method == "HEAD" for one in server.asked)


def test_tiles_of_the_sea_are_left_out(server, source, quick):
    server.put("/ALPSMLC30_N054E007_DSM.tif", b"x")
    assert names("altitude", Box(6.5, 54.2, 7.5, 54.8), source, quick) == ["ALPSMLC30_N054E007_DSM.tif"]
    with pytest.raises(UserError, match=r"layer=altitude has none of the tiles ALPSMLC30_N010W040_DSM\.tif"):
        names("altitude", Box(-39.5, 10.2, -39.1, 10.3), source, quick)


def test_sentences(source, quick):
    for wishes, sentence in (
        ({}, r"needs one, such as layer=altitude \(of altitude, surface_water, lakes\)"),
        ({"layer": "lake"}, "found 'lake', expected one of altitude, lakes, surface_water"),
        ({"layer": "altitude"}, "box: source=auxiliary needs one"),
        (
            {"layer": "altitude", "box": Box(0, 0, 9, 9)},
            "found 81 tiles of layer=altitude, expected at most 6",
        ),
        (
            {"layer": "lakes"},
            r'docs/downloads\.md says \(section "Lakes"\), to a file TILE_10m_COP_Lakes\.tif',
        ),
        ({"layer": "altitude", "count": 2}, "count: source=auxiliary knows no such wish"),
    ):
        with pytest.raises(UserError, match=sentence):
            map_tiles.find("auxiliary", source, Selection(**wishes), quick)

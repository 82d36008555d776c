import json
from pathlib import Path

import pytest

from errors import UserError
from products.product_card import ProductCard, read_card


def test_a_card_comes_back_as_it_was_written(tmp_path: Path):
    card = ProductCard(
        sensor="toy", synthetic=True, bands={"A": "a.tif:2"}, offsets={"A": -1000}, tags={"LEVEL": "1"}
    )
    (tmp_path / "product.json").write_text(card.text())
    assert read_card(tmp_path) == card


def test_without_a_file_a_card_is_empty(tmp_path: Path):
    assert read_card(tmp_path) == ProductCard()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "found no JSON"),
        ("[1]", "found list, expected a JSON object"),
        (json.dumps({"band": {}}), "found key band, expected one of sensor, name, synthetic, bands"),
        (json.dumps({"bands": ["a.tif"]}), "expected files by band"),
        (json.dumps({"offsets": {"A": "-1000"}}), "expected numbers by band"),
        (json.dumps({"synthetic": 1}), "expected true or false"),
        (json.dumps({"name": 3}), "expected text"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, text, message):
    (tmp_path / "product.json").write_text(text)
    with pytest.raises(UserError, match=rf"product\.json: {message}|product\.json: .*{message}"):
        read_card(tmp_path)

import pytest
from marshmallow import ValidationError, fields

from serving.catalogue_fields import field_of, is_closed, rule_of


@pytest.mark.parametrize(
    ("default", "rule", "kind"),
    [
        (True, {}, fields.Boolean),
        (3, {}, fields.Integer),
        (0.5, {}, fields.Float),
        ("a", {"choices": ["a", "b"]}, fields.String),
        (None, {"type": "integer"}, fields.Integer),
    ],
)
def test_the_kind_is_that_of_the_config(default, rule, kind):
    field = field_of(default, "what it means", rule)
    assert type(field) is kind
    assert (field.load_default, field.metadata["description"]) == (default, "what it means")


def test_limits_are_those_of_the_constraints():
    field = field_of(4, "", {"minimum": 1, "maximum": 8})
    assert field.deserialize("8") == 8
    for wrong in ("0", "9", "1.5", "x"):
        with pytest.raises(ValidationError):
            field.deserialize(wrong)
    with pytest.raises(ValidationError):
        field_of(0.5, "", {"above": 0}).deserialize("0")
    with pytest.raises(ValidationError):
        field_of(0.5, "").deserialize("nan")
    with pytest.raises(ValidationError):
        field_of("a", "", {"choices": ["a", "b"]}).deserialize("c")


def test_free_text_is_not_closed():
    assert not is_closed("a", {})
    assert is_closed("a", {"choices": ["a"]})
    assert is_closed(1, {})


def test_rules_are_read_from_the_catalogue():
    assert rule_of("config", "seed")["maximum"] == 2**32 - 1
    assert rule_of("config", "nothing") == {}

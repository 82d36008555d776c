import pytest
from aiohttp import web
from marshmallow import Schema, ValidationError, fields

from serving.argument_fields import Accept, FileBelow, Listed, Upload, path_below, received

KINDS = ("application/json", "image/tiff", "application/zip")


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("image/tiff", "image/tiff"),
        ("*/*", "application/json"),
        ("image/*", "image/tiff"),
        ("IMAGE/TIFF", "image/tiff"),
        ("text/html, image/tiff;q=0.8, */*;q=0.1", "image/tiff"),
        ("application/json;q=0.3, image/tiff;q=0.9", "image/tiff"),
        ("application/json;q=0, */*", "image/tiff"),
        ("application/*, image/tiff;q=0.5", "application/json"),
    ],
)
def test_the_best_by_the_accept_header(header, chosen):
    assert Accept(KINDS).deserialize(header) == chosen


@pytest.mark.parametrize("header", ["text/html", "image/png", "image/tiff;q=0", "image/tiff;q=x", ""])
def test_nothing_acceptable(header):
    with pytest.raises(ValidationError, match="Must be one of"):
        Accept(KINDS).deserialize(header)


def test_accept_is_as_deepaas_wants_it():
    field = Accept(KINDS)
    assert field.metadata["location"] == "headers"
    field.validate.choices.append("*/*")  # DEEPaaS does so
    assert field.validate.choices[0] == "application/json"
    assert Accept(KINDS).validate.choices == list(KINDS)


@pytest.mark.parametrize("value", [["1", "2"], ["1,2"], "1,2", "1, 2", [1, 2]])
def test_lists_by_repetition_or_commas(value):
    assert Listed(fields.Int()).deserialize(value) == [1, 2]


@pytest.mark.parametrize("value", ["[1,2]", ["1,,2"], "", "a", [None]])
def test_other_text_is_no_list(value):
    with pytest.raises(ValidationError):
        Listed(fields.Int()).deserialize(value)


def test_files_below_a_folder(tmp_path):
    data = tmp_path / "data"
    (data / "inner").mkdir(parents=True)
    (data / "inner" / "a b.tif").write_text("x")
    (tmp_path / "secret").write_text("x")
    (data / "link").symlink_to(tmp_path / "secret")
    field = FileBelow(data)
    assert field.deserialize("inner/a b.tif") == "inner/a b.tif"
    assert path_below(data, "inner/a b.tif") == data / "inner" / "a b.tif"
    assert field.deserialize("inner") == "inner"
    for wrong in ("../secret", "link", "inner/../../secret", str(data / "inner"), "", ".", "nothing", "a\0b",
                  "${oc.env:HOME}"):  # fmt: skip
        with pytest.raises(ValidationError) as told:
            field.deserialize(wrong)
        assert str(tmp_path) not in str(told.value).replace(wrong, "")
    with pytest.raises(ValidationError, match="no folder of data"):
        FileBelow(None).deserialize("inner")


def test_an_upload_is_what_the_door_has_kept(tmp_path):
    class Form(Schema):
        data = Upload()

    file = web.FileField("data", "../a.zip", None, "application/zip", None)
    token = received.set({"data": tmp_path / "kept"})
    try:
        upload = Form().load({"data": file})["data"]
        assert (upload.filename, upload.original_filename) == (str(tmp_path / "kept"), "../a.zip")
        with pytest.raises(ValidationError, match="Not a file"):
            Form().load({"data": "/etc/passwd"})
    finally:
        received.reset(token)
    with pytest.raises(ValidationError, match="Not a file"):
        Form().load({"data": file})  # nobody has kept it


def test_where_arguments_are_looked_for():
    assert (Upload().metadata["location"], Upload().metadata["type"]) == ("form", "file")

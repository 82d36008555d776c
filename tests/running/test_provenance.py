import json

from running.provenance import provenance


def test_record_is_json_and_names_what_matters():
    record = json.loads(json.dumps(provenance(7)))
    assert record["seed"] == 7
    assert record["versions"]["torch"]
    assert record["pykep_is_stand_in"] is True
    assert record["hardware"]["processors_usable"] >= 1

"""Vectors of units on trial, computed again from the files alone: rows and tables as well."""

import re

import pytest

from vit2rtl.golden import BundleWriter, Instance, directed_records, read_bundle
from vit2rtl.vectors import replay_units

UNITS = [("row_maximum", {"lanes": 2, "width": 4}), ("table_lookup", {"lanes": 2, "bits": 2,
                                                                      "width": 4})]


@pytest.fixture(params=UNITS, ids=[name for name, _ in UNITS])
def bundle(request, tmp_path):
    unit, parameters = request.param
    instance = Instance.of(unit, **parameters)
    with BundleWriter(tmp_path / "vectors", {}) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    return read_bundle(tmp_path / "vectors")


def test_every_record_is_computed_again(bundle):
    (entry,) = bundle.entries
    results = list(replay_units(bundle))
    assert [result.op for result in results] == [
        f"{entry.instance.name}/{record.name}" for record in entry.records
    ]
    assert [result.elements for result in results] == [r.elements for r in entry.records]
    assert not any(result.mismatches or result.first for result in results)


def test_a_wrong_element_is_named_by_its_place(bundle):
    record = bundle.entries[0].records[0]
    lines = record.expected.read_text().split()
    digit = int(lines[0][-1], 16) ^ 1
    lines[0] = f"{lines[0][:-1]}{digit:x}"
    record.expected.write_text("\n".join(lines) + "\n")
    first, *others = replay_units(bundle)
    assert first.mismatches == 1
    place = "0, 0" if record.streams["o"].stream.rows else "0"
    assert re.fullmatch(rf"element {place}: got -?\d+, want -?\d+", first.first)
    assert not any(result.mismatches for result in others)

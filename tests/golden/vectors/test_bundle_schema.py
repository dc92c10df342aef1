"""Names and JSON of bundles, and the folder beside one that is being written."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter
from vit2rtl.golden.units import Field, Stream
from vit2rtl.golden.vectors import bundle_schema
from vit2rtl.golden.vectors.bundle_writer import write_derived

from .conftest import DEQUANTIZER, every_code


@pytest.mark.parametrize(("name", "entries", "role", "key", "array"), [
    ("i", 0, "stimulus", "stimulus", "x"), ("o", 0, "expected", "expected", "expected_x"),
    ("i_gain", 0, "stimulus", "i_gain", "x"), ("i_table", 3, "table", "i_table", "x"),
])
def test_what_a_manifest_calls_a_stream(name, entries, role, key, array):
    field = Field("x", 3)
    stream = Stream(name, (field,), 1, entries=entries)
    assert bundle_schema.role_of(stream) == role
    assert bundle_schema.file_key(stream) == key
    assert bundle_schema.array_name(stream, field) == array


def test_json_is_sorted_readable_and_ends_its_line():
    assert bundle_schema.to_json({"b": "√2", "a": [1]}) == (
        '{\n "a": [\n  1\n ],\n "b": "√2"\n}\n')


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("spell", [bundle_schema.to_json, bundle_schema.plain])
def test_what_is_no_number_of_json(number, spell):
    with pytest.raises(ValueError, match="JSON compliant"):
        spell({"scale": number})


def test_plain_values():
    value = {"a": np.float32(0.5), "b": np.arange(3), "c": (1, "x")}
    assert bundle_schema.plain(value) == {"a": 0.5, "b": [0, 1, 2], "c": [1, "x"]}
    with pytest.raises(TypeError, match="has no JSON form"):
        bundle_schema.plain({"a": SimpleNamespace()})


def test_a_place_beside_the_bundle_while_it_is_written(tmp_path):
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        scratch = writer.scratch
        (scratch / "held").touch()
        assert writer.scratch == scratch and scratch.is_dir()
        writer.add(DEQUANTIZER, **every_code())
    assert not scratch.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert not list((tmp_path / "bundle").rglob("held"))


def test_tables_of_an_older_version_are_forgotten(broken):
    manifest = json.loads((broken.folder / "manifest.json").read_text())
    manifest["entries"] = manifest["entries"][1:]
    manifest["entries"][0]["roms"] = [{"name": "gone"}]
    write_derived(broken.folder, manifest, [DEQUANTIZER], [])
    written = json.loads((broken.folder / "manifest.json").read_text())
    assert "roms" not in written["entries"][0]

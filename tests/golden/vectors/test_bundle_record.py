"""What a record must satisfy before it enters a bundle."""

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter, Instance, read_bundle

from .conftest import REQUANTIZER, qkv


def wrong(value, element=None):
    """An array of the record's codes or accumulators with one element replaced."""

    def change(array):
        array = array.copy()
        array.flat[element] = value
        return array

    return change


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"outputs": {"code": wrong(9, element=17)(qkv()["outputs"]["code"])}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "element 17: golden code is 7, expected 9",
        ),
        (
            {"outputs": {"code": qkv()["outputs"]["code"].reshape(-1)}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "Field 'code' must have shape (5, 6), not (30,)",
        ),
        (
            {
                "inputs": qkv()["inputs"]
                | {"acc": wrong(1 << 17, element=3)(qkv()["inputs"]["acc"])}
            },
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "Field 'acc' must be between -131072 and 131071, not 131072",
        ),
        (
            {"inputs": qkv()["inputs"] | {"shift": np.zeros(6)}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "Field 'shift' must be integers, not float64",
        ),
        (
            {"inputs": {"acc": qkv()["inputs"]["acc"]}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "The inputs must be acc, multiplier, shift, not acc",
        ),
        (
            {"inputs": qkv()["inputs"] | {"acc": np.zeros((0, 6), dtype=int)}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "A record needs at least one element",
        ),
        (
            {"configuration": {}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "The configuration must be shift_base, zero_point, not none",
        ),
        (
            {"configuration": {"shift_base": 28, "zero_point": 16}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "Field 'zero_point' must be between -16 and 15, not 16",
        ),
        (
            {"configuration": {"shift_base": 28, "zero_point": np.zeros(6, dtype=int)}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "Configuration must be single integers, not arrays",
        ),
        (
            {"configuration": {"shift_base": 46, "zero_point": 0}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "Shift must be between 1 and 47, not 48",
        ),
        (
            {"notes": {"value": {}}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: "
            "Notes must be on acc, multiplier, shift, code, not 'value'",
        ),
        (
            {"notes": {"code": {"colour": "red"}}},
            "Record 'blocks.0.attn.qkv' of requantizer_l4_aw18: A note must be one of scale, "
            "zero_point, multiplier, shift, rounding, description, not 'colour'",
        ),
        ({"kind": "random"}, "Kind must be one of model, directed, not 'random'"),
        (
            {"record": "../qkv"},
            "Record name must be at most 120 letters, digits, dots, dashes and underscores, "
            "not '../qkv'",
        ),
        (
            {"record": ".."},
            "Record name must be at most 120 letters, digits, dots, dashes and underscores, "
            "not '..'",
        ),
        (
            {"record": "Taken"},
            "Record 'Taken' of requantizer_l4_aw18 exists already",
        ),
    ],
)
def test_what_add_refuses(tmp_path, changes, message):
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        writer.add(REQUANTIZER, **qkv() | {"record": "taken"})
        with pytest.raises(ValueError) as caught:
            writer.add(REQUANTIZER, **qkv() | changes)
    assert str(caught.value) == message
    (entry,) = read_bundle(tmp_path / "bundle").entries
    assert [record.name for record in entry.records] == ["taken"]


def test_a_record_of_one_element_fills_a_beat(tmp_path):
    instance = Instance.of("log2_dequantizer", lanes=4)
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        writer.add(
            instance,
            record="one",
            layer="one",
            kind="model",
            inputs={"code": np.int64(2)},
            outputs={"value": np.int64(16384)},
        )
    record = read_bundle(tmp_path / "bundle").entries[0].records[0]
    assert (record.elements, record.beats) == (1, 1)
    assert record.stimulus.read_text() == "2222\n"
    assert record.outputs()["value"].tolist() == [16384]

"""Directed records: the corners are there, and golden agrees with their oracles."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.lane_wise import LANE_WISE
from vit2rtl.golden.units import Instance, directed_records

INSTANCES = [
    *(
        Instance.of(unit, bits=bits, width=width, zero_code=rule)
        for unit, least in (("log2_dequantizer", 2), ("log_sqrt2_quantizer", 3))
        for bits, width in ((4, 16), (2, least), (3, 9), (8, least), (8, 16), (8, 32))
        for rule in ("top", "extra", "none")
    ),
    Instance.of("requantizer"),
    Instance.of("requantizer", bits=8, lanes=3),
    Instance.of("requantizer", bits=16, acc_width=32, multiplier_width=18, zero_point_width=32),
    Instance.of("requantizer", acc_width=18, shift_base=18),
    Instance.of("requantizer", shift_base=40),
    Instance.of("requantizer", shift_width=0),
    Instance.of("requantizer", bits=2, acc_width=2, multiplier_width=2, shift_base=1),
    Instance.of("matmul_array"),
    *(Instance.of("matmul_array", lanes=3, rows=4, depth=8, lane=lane, weights=weights)
      for lane in ("lut", "packed") for weights in ("signed", "codes")),
    Instance.of("matmul_array", lanes=2, rows=3, base=6, acc_width=27, depth=5),
    Instance.of("matmul_array", lanes=1, rows=1, base=8, acc_width=8, depth=1),
    Instance.of("epilogue"),
    Instance.of("epilogue", lanes=3, acc_width=27),
    Instance.of("epilogue", lanes=1, acc_width=4, multiplier_width=2, width=4),
    Instance.of("gelu"),
    Instance.of("gelu", lanes=17, bits=16),
    Instance.of("gelu", lanes=1, input_bits=4, bits=2),
    Instance.of("layernorm_quantizer"),
    Instance.of("layernorm_quantizer", lanes=3, bits=16, channels=1536),
    Instance.of("layernorm_quantizer", lanes=2, bits=2, width=4, channels=2),
    Instance.of("softmax_quantizer"),
    Instance.of("softmax_quantizer", lanes=3, bits=8, zero_code="extra", width=16, rom_bits=10),
    Instance.of("softmax_quantizer", lanes=2, bits=2, width=4, rom_bits=2, exp_bits=11, tokens=1),
]


MORE = [
    Instance.of("log2_dequantizer"),
    Instance.of("log_sqrt2_quantizer"),
    Instance.of("requantizer", bits=8, acc_width=18),
    Instance.of("requantizer", lanes=2, bits=3, acc_width=12, multiplier_width=5, shift_base=3,
                shift_width=2),
    Instance.of("attention_value"),
    Instance.of("attention_value", lanes=3, rows=2, bits=5, acc_width=22, zero_code="extra"),
]
# SHA-256 of the records, their notes and all: a change of them is meant, and shows here.
DIGESTS = Path(__file__).with_name("directed_digests.json")


def digest(instance):
    records = [
        {key: {n: a.tolist() for n, a in value.items()} if key in ("inputs", "outputs") else value
         for key, value in record.items()}
        for record in directed_records(instance)
    ]
    text = json.dumps(records, sort_keys=True, default=np.ndarray.tolist)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("instance", [*INSTANCES, *MORE], ids=lambda instance: instance.name)
def test_the_records_are_those_of_before(instance):
    """``python -m tests.golden.units.test_directed`` writes what they are now."""
    assert digest(instance) == json.loads(DIGESTS.read_text())[instance.name]


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.name)
def test_golden_agrees_with_the_oracles(instance):
    records = directed_records(instance)
    assert len({record["record"] for record in records}) == len(records) > 0
    for record in records:
        assert record["kind"] == "directed"
        golden = instance.evaluate(record["inputs"], record["configuration"])
        for name, want in record["outputs"].items():
            np.testing.assert_array_equal(golden[name], want, err_msg=record["record"])


def columns(instance):
    """Every directed element of an instance as a dictionary, its configuration included."""
    for record in directed_records(instance):
        arrays = record["inputs"] | record["outputs"]
        for values in zip(*arrays.values(), strict=True):
            yield dict(zip(arrays, map(int, values), strict=True)) | record["configuration"]


@pytest.mark.parametrize("acc_width", [18, 27, 32])
def test_requantizer_corners(acc_width):
    elements = list(columns(Instance.of("requantizer", acc_width=acc_width)))
    for e in elements:
        e["n"] = e["shift"] + e["shift_base"]
        e["product"] = e["acc"] * e["multiplier"]
        e["residue"] = e["product"] % 2 ** e["n"]
        e["tie"] = 2 * e["residue"] == 2 ** e["n"]
    least, most = max(-(2 ** (acc_width - 1)), 1 - 2**31), 2 ** (acc_width - 1) - 1
    assert {e["acc"] for e in elements} >= {least, most, 0, 1, -1}
    assert {e["multiplier"] for e in elements} >= {0, 1, 2**16 - 1, 2**15}
    assert {e["n"] for e in elements} == set(range(1, 48))
    assert {e["zero_point"] for e in elements} == {-16, 15, 8, 0}
    for sign in (1, -1):
        ties = [e for e in elements if e["tie"] and e["product"] * sign > 0]
        assert {e["n"] for e in ties} >= {*range(1, 16)}
        assert any(0 < e["code"] < 15 for e in ties)
    halves = [e for e in elements if 2 * e["product"] == -(2 ** e["n"])]
    assert {e["code"] for e in halves if e["zero_point"] == 8} == {8}
    assert {e["code"] for e in elements} == set(range(16))


def test_requantizer_touches_both_saturations_from_both_sides():
    for zero_point in (-16, 0, 8, 15):
        unclipped = {
            ((e["acc"] * e["multiplier"] * 2 >> (e["shift"] + e["shift_base"])) + 1 >> 1)
            + zero_point
            for e in columns(Instance.of("requantizer"))
            if e["zero_point"] == zero_point
        }
        assert unclipped >= {-2, -1, 0, 1, 14, 15, 16, 17}


def test_quantizer_meets_both_sides_of_every_threshold():
    instance = Instance.of("log_sqrt2_quantizer")
    for record in directed_records(instance)[:2]:
        pairs = set(
            zip(
                *(
                    map(int, a)
                    for a in (record["inputs"]["probability"], record["outputs"]["code"])
                ),
                strict=True,
            )
        )
        assert {code for _, code in pairs} == set(range(16))
        for code in range(15):
            lowest = min(p for p, c in pairs if c == code)
            assert (lowest - 1, code + 1) in pairs
        assert (0, 15) in pairs
        assert (65535, 0) in pairs


@pytest.mark.parametrize("width", [3, 16, 32])
def test_quantizer_meets_thresholds_that_are_powers_of_two(width):
    settings = {record["record"]: record["configuration"]
                for record in directed_records(Instance.of("log_sqrt2_quantizer", width=width))}
    assert settings["directed.scale_exact_even"]["threshold_a"] == 2 ** (width - 1)
    assert settings["directed.scale_exact_odd"]["threshold_b"] == 2 ** (width - 1)


def test_dequantizer_meets_every_code_in_more_than_one_lane():
    instance = Instance.of("log2_dequantizer", zero_code="extra")
    record, _ = directed_records(instance)
    codes = record["inputs"]["code"]
    lanes = np.arange(len(codes)) % instance.lanes
    assert all(len(set(lanes[codes == code])) > 1 for code in range(17))
    assert set(record["outputs"]["value"][codes == 16]) == {0}


@pytest.mark.parametrize("lanes", [1, 2, 3, 4])
@pytest.mark.parametrize("unit", LANE_WISE)
def test_every_element_meets_every_lane(unit, lanes):
    for record in directed_records(Instance.of(unit, lanes=lanes)):
        arrays = [*record["inputs"].values(), *record["outputs"].values()]
        elements = list(zip(*(array.tolist() for array in arrays), strict=True))
        met = [set(elements[lane::lanes]) for lane in range(lanes)]
        assert all(seen == set(elements) for seen in met), record["record"]


@pytest.mark.parametrize("bits", [4, 8])
def test_requantizer_meets_codes_from_both_sides_by_many_multipliers(bits):
    instance = Instance.of("requantizer", bits=bits, lanes=1)
    for record in directed_records(instance):
        if not record["record"].startswith("directed.boundaries"):
            continue
        x, base = record["inputs"], record["configuration"]["shift_base"]
        elements = set(zip(x["acc"].tolist(), x["multiplier"].tolist(), x["shift"].tolist(),
                           record["outputs"]["code"].tolist(), strict=True))
        steps = {e for e in elements if (e[0] + 1, *e[1:3], e[3] + 1) in elements}
        assert {e[1].bit_length() for e in elements} == set(range(1, 17))
        assert {base + e[2] for e in elements} == set(range(base, base + 8))
        assert len({e[3] for e in steps}) >= 8, record["record"]


if __name__ == "__main__":
    found = {instance.name: digest(instance) for instance in (*INSTANCES, *MORE)}
    DIGESTS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")

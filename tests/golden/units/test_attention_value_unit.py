"""The unit of attention × V: its golden function on tiles, and directed cases that keep to it."""

import numpy as np
import pytest

from vit2rtl.golden import directed_records
from vit2rtl.golden.units import Instance
from vit2rtl.golden.units.attention_value.directed import Rule

SETTINGS = {
    "v_zero_point": 8, "multiplier_even": 65536, "multiplier_odd": 92682, "shift": 22,
    "zero_point": 8,
}
INSTANCES = [
    Instance.of("attention_value"),
    Instance.of("attention_value", lanes=1, rows=1, zero_code="none", acc_width=20),
    Instance.of("attention_value", lanes=3, rows=2, bits=5, value_bits=5, acc_width=20),
    Instance.of("attention_value", lanes=2, rows=2, bits=8, value_bits=8, acc_width=27,
                output_bits=8),
    Instance.of("attention_value", lanes=2, rows=1, zero_code="extra", output_bits=16),
    Instance.of("attention_value", lanes=1, rows=1, bits=2, value_bits=2, acc_width=4,
                output_bits=2),
]


def test_a_tile_is_token_major_and_its_results_query_major():
    instance = Instance.of("attention_value", lanes=2, rows=1)
    value, code = np.array([[9, 8, 12, 4, 3, 10, 15, 0]]), np.array([[0, 3, 4, 15]])
    assert instance.evaluate({"value": value, "code": code}, SETTINGS)["result"].tolist() == [
        [10, 6]]
    two = Instance.of("attention_value", lanes=1, rows=2)
    code, value = np.array([[0, 15, 3, 15, 4, 15, 15, 0]]), np.array([[9, 12, 3, 15]])
    # The other query has v's last code alone: 7 · 2**7 · 65536 / 2**22 = 14, and 8.
    assert two.evaluate({"value": value, "code": code}, SETTINGS)["result"].tolist() == [[10, 15]]


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.name)
def test_directed_cases_are_golden_and_stay_within_the_sums(instance):
    rule = Rule(instance.parameters)
    names = set()
    for record in directed_records(instance):
        settings, inputs = record["configuration"], record["inputs"]
        want = instance.evaluate(inputs, settings)["result"]
        np.testing.assert_array_equal(record["outputs"]["result"], want, record["record"])
        tokens = inputs["code"].shape[1] // rule.rows
        codes = inputs["code"].reshape(-1, tokens, rule.rows).tolist()
        values = (inputs["value"] - settings["v_zero_point"]).reshape(-1, tokens, rule.lanes)
        assert all(rule.fits(list(zip(*tile, strict=True)))
                   for tile in zip(codes, values.tolist(), strict=True)), record["record"]
        names.add(record["record"])
    assert {"directed.even_least", "directed.odd_largest", "directed.tokens_1"} <= names


def test_every_code_meets_every_value_and_the_sums_their_ends():
    instance = INSTANCES[0]
    rule, pairs, ends = Rule(instance.parameters), set(), [set(), set()]
    for record in directed_records(instance):
        zero = record["configuration"]["v_zero_point"]
        tokens = record["inputs"]["code"].shape[1] // 4
        codes = record["inputs"]["code"].reshape(-1, tokens, 4)
        values = record["inputs"]["value"].reshape(-1, tokens, 8) - zero
        pairs |= {(k, v) for token in zip(codes.reshape(-1, 4).tolist(),
                                          values.reshape(-1, 8).tolist(), strict=True)
                  for k in token[0] for v in token[1]}
        for tile in zip(codes.tolist(), values.tolist(), strict=True):
            for side, total in enumerate(rule.sums(list(zip(*tile, strict=True)), 0, 0)):
                ends[side].add(total)
    assert pairs >= {(code, value) for code in range(16) for value in range(-16, 16)}
    assert [(min(side), max(side)) for side in ends] == [(-8192, 8191)] * 2


def test_sums_wrap_beyond_their_width():
    instance = Instance.of("attention_value", lanes=1, rows=1, acc_width=13, output_bits=16)
    settings = SETTINGS | {
        "v_zero_point": 0, "multiplier_even": 2, "shift": 1, "zero_point": 1 << 15}
    # Three times 15 · 2**7 is 5760, and 5760 - 8192 = -2432.
    result = instance.evaluate({"value": np.array([[15] * 3]), "code": np.array([[0] * 3])},
                               settings)["result"]
    assert result.tolist() == [[(1 << 15) - 2432]]


@pytest.mark.parametrize(("value", "code", "message"), [
    ([[1, 2, 3]], [[1, 2]], "A row of value must have a multiple of 2 elements, not 3"),
    ([[1, 2]], [[1, 2, 3]], "A tile of 1 tokens has codes of 3"),
])
def test_tiles_have_whole_tokens(value, code, message):
    instance = Instance.of("attention_value", lanes=2, rows=1)
    with pytest.raises(ValueError) as caught:
        instance.evaluate({"value": np.array(value), "code": np.array(code)}, SETTINGS)
    assert str(caught.value) == message

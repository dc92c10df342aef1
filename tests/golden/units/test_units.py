"""The registry of units: names, layouts, and the sentences about wrong parameters."""

import re

import numpy as np
import pytest

from vit2rtl.golden.units import UNITS, Field, Instance


@pytest.mark.parametrize("name", UNITS)
def test_defaults_make_an_instance(name):
    instance = Instance.of(name)
    assert instance.name == f"{name}_l{instance.lanes}"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", instance.name)
    assert instance.lanes == UNITS[name].parameters["lanes"].default
    assert dict(instance.parameters) == {
        key: parameter.default for key, parameter in UNITS[name].parameters.items()
    }


def test_name_states_what_is_not_at_its_default():
    instance = Instance.of("requantizer", lanes=8, bits=8, acc_width=18, shift_base=20)
    assert instance.name == "requantizer_l8_b8_aw18_sb20"


def test_layout_follows_the_parameters():
    instance = Instance.of("requantizer", bits=8, acc_width=20, shift_base=18, shift_width=0)
    assert instance.inputs == (
        Field("acc", 20, signed=True), Field("multiplier", 16, channel=True)
    )
    assert instance.outputs == (Field("code", 8),)
    assert instance.configuration == (Field("zero_point", 9, signed=True),)
    running = Instance.of("requantizer", zero_point_width=20)
    assert running.inputs[2] == Field("shift", 3, channel=True)
    assert running.configuration == (Field("shift_base", 6), Field("zero_point", 20, signed=True))


@pytest.mark.parametrize(
    ("field", "ends"),
    [
        (Field("f", 1), (0, 1)),
        (Field("f", 1, signed=True), (-1, 0)),
        (Field("f", 32, signed=True), (-(2**31), 2**31 - 1)),
        (Field("f", 5, top=16), (0, 16)),
    ],
)
def test_range_of_a_field(field, ends):
    assert field.range == ends


def test_evaluate_takes_fixed_and_run_time_shifts():
    inputs = {"acc": np.array([100]), "multiplier": np.array([8]), "shift": np.array([1])}
    fixed = Instance.of("requantizer", shift_base=4)
    running = Instance.of("requantizer")
    lone = Instance.of("requantizer", shift_base=5, shift_width=0)
    assert fixed.evaluate(inputs, {"zero_point": -15})["code"] == [10]
    assert running.evaluate(inputs, {"zero_point": -15, "shift_base": 4})["code"] == [10]
    del inputs["shift"]
    assert lone.evaluate(inputs, {"zero_point": -15})["code"] == [10]


@pytest.mark.parametrize(
    ("unit", "parameters", "kind", "message"),
    [
        (
            "softmax",
            {},
            ValueError,
            f"Unit must be one of {', '.join(UNITS)}, not 'softmax'",
        ),
        (
            "log2_dequantizer",
            {"width_": 3},
            ValueError,
            "Log2Dequantizer has no parameter 'width_'; it has lanes, bits, width, zero_code",
        ),
        ("requantizer", {"lanes": 0}, ValueError, "Lanes must be between 1 and 64, not 0"),
        ("requantizer", {"lanes": True}, TypeError, "Lanes must be an integer, not True"),
        ("requantizer", {"acc_width": 4.0}, TypeError, "Acc width must be an integer, not 4.0"),
        (
            "log_sqrt2_quantizer",
            {"width": 2},
            ValueError,
            "Width must be between 3 and 32, not 2",
        ),
        (
            "log_sqrt2_quantizer",
            {"zero_code": "all"},
            ValueError,
            "Zero code must be one of top, extra, none, not 'all'",
        ),
    ],
)
def test_errors(unit, parameters, kind, message):
    with pytest.raises(kind) as caught:
        Instance.of(unit, **parameters)
    assert str(caught.value) == message

"""Bins of values: directed vectors reach every one, and those declared are those there are."""

from itertools import product
from random import Random

import numpy as np
import pytest

from tests.lane_wise import LANE_WISE
from vit2rtl.golden import directed_records
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.sim.coverage.points import Point
from vit2rtl.sim.coverage.values import value_points
from vit2rtl.sim.units import log2_dequantizer


def samples_of(instance, record):
    """A record as the monitor would see it: ``{name: int64[beats, lanes]}``."""
    samples = {}
    for prefix, arrays in (("i", record["inputs"]), ("o", record["outputs"])):
        for name, values in arrays.items():
            padded = np.pad(values, (0, -len(values) % instance.lanes), mode="edge")
            samples[f"{prefix}.{name}"] = padded.reshape(-1, instance.lanes)
    beats = len(next(iter(samples.values())))
    for name, value in record["configuration"].items():
        samples[f"c.{name}"] = np.full((beats, 1), value)
    return samples


def missed(instance, records):
    """Bins that these records do not reach."""
    points = value_points(instance)
    missing = {label for point in points for label in point.labels()}
    for record in records:
        samples = samples_of(instance, record)
        for point in points:
            missing -= point.count(samples).keys()
    return missing


def extremes(name, count):
    """Instances of a unit whose parameters are at their ends more often than not."""
    rng = Random(name)
    for _ in range(count):
        chosen = {}
        for key, parameter in UNITS[name].parameters.items():
            ends = (parameter.low, parameter.high, rng.randint(parameter.low, parameter.high))
            chosen[key] = rng.choice(parameter.choices or ends)
        yield Instance.of(name, **{**chosen, "lanes": rng.choice((1, 2, 3, 8))})


@pytest.mark.parametrize("name", LANE_WISE)
def test_directed_vectors_reach_every_bin(name):
    for instance in (Instance.of(name), Instance.of(name, lanes=64), *extremes(name, 12)):
        assert not missed(instance, directed_records(instance)), instance.name


@pytest.mark.parametrize("name", LANE_WISE)
def test_bins_have_names_of_their_own(name):
    for instance in (Instance.of(name), *extremes(name, 12)):
        labels = [label for point in value_points(instance) for label in point.labels()]
        assert len(set(labels)) == len(labels) > 3


def test_a_record_left_out_is_missed_by_name():
    instance = Instance.of("log_sqrt2_quantizer")
    kept = [r for r in directed_records(instance) if r["record"] != "directed.scale_least"]
    assert missed(instance, kept) == {"thresholds: least, both 1"}
    instance = Instance.of("requantizer")
    kept = [r for r in directed_records(instance) if r["configuration"]["zero_point"] != 15]
    assert missed(instance, kept) == {"zero point: largest"}


@pytest.mark.parametrize("parameters", [
    {"acc_width": 4, "multiplier_width": 3, "shift_width": 1},
    {"acc_width": 3, "multiplier_width": 4, "shift_width": 0},
    {"acc_width": 5, "multiplier_width": 2, "shift_base": 5, "shift_width": 2},
])
def test_the_requantizers_ties_and_shifts_are_exactly_those_there_are(parameters):
    """Every accumulator, multiplier and shift of small instances, by Python's integers."""
    instance = Instance.of("requantizer", lanes=1, bits=2, **parameters)
    acc, multiplier, *_ = instance.inputs
    window = (1 << parameters["shift_width"]) - 1
    bases = [parameters["shift_base"]] if "shift_base" in parameters else range(1, 48 - window)
    ties, shifts = set(), set()
    for base, step in product(bases, range(window + 1)):
        n = base + step
        shifts.add(f"shift: {n}")
        for a, m in product(range(acc.range[0], acc.range[1] + 1), range(multiplier.range[1] + 1)):
            if a * m % 2**n == 2 ** (n - 1):
                ties.add(f"tie: product {'above' if a * m > 0 else 'below'} zero, shift {n}")
    points = {point.name: set(point.labels()) for point in value_points(instance)}
    assert points["tie"] == ties
    assert points["shift"] == shifts


def test_a_unit_without_bins_is_named(monkeypatch):
    monkeypatch.delattr(log2_dequantizer, "FACE")
    with pytest.raises(ValueError) as error:
        value_points(Instance.of("log2_dequantizer"))
    assert str(error.value) == (
        "Unit log2_dequantizer has no coverage bins, naive Verilog and plan of proofs: "
        "add FACE in sim/units/log2_dequantizer.py"
    )


def test_a_point_counts_keys_that_are_bins_and_no_others():
    point = Point("code", {0: "zero", 3: "three"}, lambda s: s["code"])
    samples = {"code": np.array([[0, 1], [3, 3], [0, 3]])}
    assert point.labels() == ["code: zero", "code: three"]
    assert point.count(samples) == {"code: zero": 2, "code: three": 3}
    weights = np.array([[10], [100], [1000]])
    assert point.count(samples, weights) == {"code: zero": 1010, "code: three": 1200}
    assert point.count({"code": np.array([7])}) == {}

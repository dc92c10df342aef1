"""Bins of values: for every unit, the numbers that must have gone through it.

Samples are ``int64[beats, lanes]`` by name: ``i.FIELD`` as the unit took it, ``o.FIELD`` as the
unit gave it, ``c.FIELD`` the configuration at that time. What an expression classifies it never
compares with the unit: what is right, the benches' files say.
"""

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.units.requantizer.directed import middle_base
from vit2rtl.sim.coverage.points import Point

NONE = -(1 << 62)  # a key that is never a bin


def value_points(instance):
    """``list[Point]`` of an instance; an error names a unit for which nobody has stated bins."""
    unit = instance.unit.name
    if unit not in _POINTS:
        raise ValueError(
            f"Unit {unit} has no coverage bins: state them in sim/coverage/values.py, as for "
            f"{', '.join(_POINTS)}"
        )
    return [point for point in _POINTS[unit](instance) if point.bins]


def _lanes(instance):
    """Lanes that give different results, or exchanged ones would not show."""
    fields = [f"o.{field.name}" for field in instance.outputs]

    def key(s):
        unlike = np.any([s[name][:, :-1] != s[name][:, 1:] for name in fields], axis=0)
        return np.where(unlike, np.arange(instance.lanes - 1), NONE)

    pairs = {n: f"{n} unlike lane {n + 1}" for n in range(instance.lanes - 1)}
    return Point("lane", pairs, key)


def _codes(instance, name, last, reached):
    zero = None if instance.parameters["zero_code"] == "none" else last
    return {code: f"{code}, zero" if code == zero else str(code) for code in sorted(reached)}


def _log2_dequantizer(instance):
    last = instance.inputs[0].range[1]
    every = _codes(instance, "code", last, range(last + 1))
    yield Point("code", every, lambda s: s["i.code"])
    # The zero code must not be sticky, nor what came before it.
    if instance.parameters["zero_code"] != "none":
        yield Point(
            "zero code",
            {1: "between other codes"},
            lambda s: (
                (s["i.code"][1:-1] == last)
                & (s["i.code"][:-2] != last)
                & (s["i.code"][2:] != last)
            ),
        )
    yield _lanes(instance)


def _log_sqrt2_quantizer(instance):
    p = instance.parameters
    width = p["width"]
    largest = (1 << width) - 1
    last = log_sqrt2.code_count(p["bits"], p["zero_code"]) - 1
    # Thresholds a, b, a/2, b/2, …; from the 2 * width-th on only zero is below.
    reached = {*range(min(last, 2 * width) + 1), last}
    yield Point("code", _codes(instance, "code", last, reached), lambda s: s["o.code"])
    edges = {}
    for k in range(last):
        edges |= {2 * k: f"{k}, largest below", 2 * k + 1: f"{k}, smallest not below"}

    def edge(s):
        keys = []
        for k in range(last):
            threshold = -(-s["c.threshold_b" if k & 1 else "c.threshold_a"] >> (k >> 1))
            distance = s["i.probability"] - threshold
            keys.append(2 * k + 1 + distance[(distance == -1) | (distance == 0)])
        return np.concatenate(keys)

    yield Point("threshold", edges, edge)
    ends = {0: "0", 1: "1", largest: "largest"}
    yield Point("probability", ends, lambda s: s["i.probability"])
    highest, _ = log_sqrt2.thresholds(1.0, width=width)
    scales = {1: "least, both 1", highest: "of scale 1"}
    yield Point("thresholds", scales, lambda s: s["c.threshold_a"])
    yield _lanes(instance)


class _Requantizer:
    """What an instance of the requantizer can meet, and the samples of it."""

    def __init__(self, instance):
        fields = {field.name: field for field in (*instance.inputs, *instance.configuration)}
        self.base = instance.parameters["shift_base"]
        self.bits = instance.parameters["bits"]
        self.top = (1 << self.bits) - 1
        self.window = fields["shift"].range[1] if "shift" in fields else 0
        low, self.most = fields["acc"].range
        self.least = max(low, 1 - 2**31)  # R1: |acc| < 2**31
        self.multiplier = fields["multiplier"].range[1]
        self.zero_point = fields["zero_point"].range
        first, last = (self.base, self.base) if self.base else (1, 47 - self.window)
        self.shifts = range(first, last + self.window + 1)
        self.middle = self.base or middle_base(instance.parameters)

    def samples(self, s):
        """Shift, product, product modulo 2**shift, result before saturation, step of window."""
        if "derived" not in s:
            s["derived"] = self._derived(s)
        return s["derived"]

    def _derived(self, s):
        step = s.get("i.shift", np.zeros_like(s["i.acc"]))
        shift = (self.base or s["c.shift_base"]) + step
        product = s["i.acc"] * s["i.multiplier"]
        half = 1 << (shift - 1)
        result = (product + half >> shift) + s["c.zero_point"]
        return shift, product, product & (2 * half - 1), result, step

    def reaches(self, value, shift):
        """Whether a factor of a power of two, or an accumulator of one, rescales to ``value``."""
        power = min(shift, self.multiplier.bit_length() - 1)
        acc = value << (shift - power)
        single = abs(value) << shift
        return self.least <= acc <= self.most or single <= self.multiplier

    def some_reach(self, result, step=0):
        """Whether a zero point at an end, at 0 or in the middle of the codes leads to a result."""
        low, high = self.zero_point
        middle = min(high, 1 << (self.bits - 1))
        return any(
            self.reaches(result - zero_point, self.middle + step)
            for zero_point in (low, 0, middle, high)
        )

    def ties(self):
        """(shift, sign) where an odd multiple of ``2**(shift-1)`` is a product."""
        powers = {  # of two in an accumulator of that sign
            1: self.most.bit_length() - 1,
            -1: (-self.least).bit_length() - 1,
        }
        factor = self.multiplier.bit_length() - 1
        return [
            (n, sign) for n in self.shifts for sign in (1, -1) if n - 1 <= powers[sign] + factor
        ]


def _requantizer(instance):
    unit = _Requantizer(instance)
    bits, top, window = unit.bits, unit.top, unit.window

    def shift(s):
        return unit.samples(s)[0]

    def tie(s):
        n, product, residue, *_ = unit.samples(s)
        return np.where(2 * residue == 1 << n, np.sign(product) * n, NONE)

    def beside(s):
        n, _, residue, *_ = unit.samples(s)
        distance = residue - (1 << n >> 1)
        return np.where(abs(distance) == 1, distance * n, NONE)

    def saturation(s):
        *_, result, step = unit.samples(s)
        kinds = np.full_like(result, NONE)
        for kind, (_, test) in enumerate(_ENDS):
            kinds[test(result, bits)] = kind
        return np.where(kinds == NONE, NONE, kinds + len(_ENDS) * step)

    yield Point("shift", {n: str(n) for n in unit.shifts}, shift)
    signs = {1: "above zero", -1: "below zero"}
    ties = {n * sign: f"product {signs[sign]}, shift {n}" for n, sign in unit.ties()}
    yield Point("tie", ties, tie)
    near = [n for n in unit.shifts if n > 1 and 1 << (n - 1) < unit.most]
    sides = {-1: "one below", 1: "one above"}
    yield Point(
        "beside a tie",
        {n * side: f"{sides[side]}, shift {n}" for n in near for side in sides},
        beside,
    )
    ends = {}
    for step in range(window + 1):
        for kind, (label, _) in enumerate(_ENDS):
            if _end_is_reached(unit, kind, step):
                ends[kind + len(_ENDS) * step] = f"{label}, step {step} of the window"
    yield Point("result", ends, saturation)
    codes = range(top + 1)
    if bits > 8:
        codes = sorted({(1 << n) - side for n in range(bits + 1) for side in (0, 1)} & {*codes})
    yield Point(
        "code",
        {code: str(code) for code in codes if unit.some_reach(code)},
        lambda s: s["o.code"],
    )
    accs = {unit.least: "least", unit.most: "largest", 0: "0", 1: "1", -1: "-1"}
    factors = {unit.multiplier: "largest", (unit.multiplier + 1) // 2: "half", 0: "0", 1: "1"}
    spread = 1 << 20  # more than any multiplier
    yield Point(
        "operands",
        {
            acc * spread + factor: f"acc {name}, multiplier {size}"
            for acc, name in accs.items()
            for factor, size in factors.items()
        },
        lambda s: s["i.acc"] * spread + s["i.multiplier"],
    )
    low, high = unit.zero_point
    yield Point(
        "zero point",
        {low: "least", high: "largest", 0: "0"},
        lambda s: s["c.zero_point"],
    )
    if unit.reaches(1, unit.middle):
        yield _lanes(instance)


# Results before saturation: (what it is, whether it is for a result and the width of the code).
_ENDS = (
    ("far below", lambda result, bits: result < -(1 << bits)),
    ("-1", lambda result, bits: result == -1),
    ("0", lambda result, bits: result == 0),
    ("top code", lambda result, bits: result == (1 << bits) - 1),
    ("top code + 1", lambda result, bits: result == 1 << bits),
    ("far above", lambda result, bits: result > 2 << bits),
)


def _end_is_reached(unit, kind, step):
    shift = unit.middle + step
    ends = [unit.least * unit.multiplier, unit.most * unit.multiplier]
    low, high = ((product + (1 << shift >> 1) >> shift) for product in ends)
    test = _ENDS[kind][1]
    if kind == 0:
        return test(low + unit.zero_point[0], unit.bits)
    if kind == len(_ENDS) - 1:
        return test(high + unit.zero_point[1], unit.bits)
    exact = {1: -1, 2: 0, 3: unit.top, 4: unit.top + 1}[kind]
    return unit.some_reach(exact, step)


_POINTS = {
    "log2_dequantizer": _log2_dequantizer,
    "log_sqrt2_quantizer": _log_sqrt2_quantizer,
    "requantizer": _requantizer,
}

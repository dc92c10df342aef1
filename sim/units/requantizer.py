"""Requantizer: one wide product, half a unit, a shift, a zero point (R1)."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from itertools import product

import numpy as np

from vit2rtl.golden.arithmetic.requantizer import ACCUMULATOR_RANGE, SHIFT_RANGE
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.requantizer.directed import middle_base
from vit2rtl.sim.coverage.points import NONE, Point, unlike_lanes
from vit2rtl.sim.units.face import (
    EXHAUSTIVE,
    FUNCTION,
    SPECIFICATION,
    STREAM_CONTRACT,
    Face,
    Part,
    Product,
    Specification,
)

Samples = MutableMapping

# Results before saturation: (what it is, whether it is for a result and the width of the code).
ENDS: tuple[tuple[str, Callable], ...] = (
    ("far below", lambda result, bits: result < -(1 << bits)),
    ("-1", lambda result, bits: result == -1),
    ("0", lambda result, bits: result == 0),
    ("top code", lambda result, bits: result == (1 << bits) - 1),
    ("top code + 1", lambda result, bits: result == 1 << bits),
    ("far above", lambda result, bits: result > 2 << bits),
)


class Reach:
    """What an instance of the requantizer can meet, and the samples of it."""

    def __init__(self, instance: Instance) -> None:
        fields = instance.fields
        self.base = instance.parameters["shift_base"]
        self.bits = instance.parameters["bits"]
        self.top = (1 << self.bits) - 1
        self.window = fields["shift"].range[1] if "shift" in fields else 0
        low, self.most = fields["acc"].range
        self.least = max(low, ACCUMULATOR_RANGE[0])
        self.multiplier = fields["multiplier"].range[1]
        self.zero_point = fields["zero_point"].range
        low, high = SHIFT_RANGE
        first, last = (self.base, self.base) if self.base else (low, high - self.window)
        self.shifts = range(first, last + self.window + 1)
        self.middle = self.base or middle_base(instance.parameters)

    def samples(self, s: Samples) -> tuple[np.ndarray, ...]:
        """Shift, product, product modulo 2**shift, result before saturation, step of window."""
        if "derived" not in s:
            s["derived"] = self._derived(s)
        return s["derived"]

    def _derived(self, s: Samples) -> tuple[np.ndarray, ...]:
        step = s.get("i.shift", np.zeros_like(s["i.acc"]))
        shift = (self.base or s["c.shift_base"]) + step
        product = s["i.acc"] * s["i.multiplier"]
        half = 1 << (shift - 1)
        result = (product + half >> shift) + s["c.zero_point"]
        return shift, product, product & (2 * half - 1), result, step

    def reaches(self, value: int, shift: int) -> bool:
        """Whether a factor of a power of two, or an accumulator of one, rescales to ``value``."""
        power = min(shift, self.multiplier.bit_length() - 1)
        acc = value << (shift - power)
        single = abs(value) << shift
        return self.least <= acc <= self.most or single <= self.multiplier

    def some_reach(self, result: int, step: int = 0) -> bool:
        """Whether a zero point at an end, at 0 or in the middle of the codes leads to a result."""
        low, high = self.zero_point
        middle = min(high, 1 << (self.bits - 1))
        return any(
            self.reaches(result - zero_point, self.middle + step)
            for zero_point in (low, 0, middle, high)
        )

    def ties(self) -> list[tuple[int, int]]:
        """(shift, sign) where an odd multiple of ``2**(shift-1)`` is a product."""
        powers = {  # of two in an accumulator of that sign
            1: self.most.bit_length() - 1,
            -1: (-self.least).bit_length() - 1,
        }
        factor = self.multiplier.bit_length() - 1
        return [
            (n, sign) for n in self.shifts for sign in (1, -1) if n - 1 <= powers[sign] + factor
        ]

    def reaches_end(self, kind: int, step: int) -> bool:
        """Whether one of ``ENDS`` is a result at that step of the window."""
        shift = self.middle + step
        ends = [self.least * self.multiplier, self.most * self.multiplier]
        low, high = ((product + (1 << shift >> 1) >> shift) for product in ends)
        test = ENDS[kind][1]
        if kind == 0:
            return test(low + self.zero_point[0], self.bits)
        if kind == len(ENDS) - 1:
            return test(high + self.zero_point[1], self.bits)
        exact = {1: -1, 2: 0, 3: self.top, 4: self.top + 1}[kind]
        return self.some_reach(exact, step)


def bins(instance: Instance) -> Iterator[Point]:
    """Shifts, ties and their neighbours, saturation, codes, ends of all operands."""
    reach = Reach(instance)
    yield Point("shift", {n: str(n) for n in reach.shifts}, lambda s: reach.samples(s)[0])
    yield _ties(reach)
    yield _beside_ties(reach)
    yield _results(reach)
    codes: Sequence[int] = range(reach.top + 1)
    if reach.bits > 8:
        ends = {(1 << n) - side for n in range(reach.bits + 1) for side in (0, 1)}
        codes = sorted(ends & {*codes})
    reached = {code: str(code) for code in codes if reach.some_reach(code)}
    yield Point("code", reached, lambda s: s["o.code"])
    yield _operands(reach)
    low, high = reach.zero_point
    yield Point("zero point", {low: "least", high: "largest", 0: "0"}, lambda s: s["c.zero_point"])
    if reach.reaches(1, reach.middle):
        yield unlike_lanes(*instance.sinks)


def _ties(reach: Reach) -> Point:
    def key(s: Samples) -> np.ndarray:
        n, product, residue, *_ = reach.samples(s)
        return np.where(2 * residue == 1 << n, np.sign(product) * n, NONE)

    signs = {1: "above zero", -1: "below zero"}
    ties = {n * sign: f"product {signs[sign]}, shift {n}" for n, sign in reach.ties()}
    return Point("tie", ties, key)


def _beside_ties(reach: Reach) -> Point:
    def key(s: Samples) -> np.ndarray:
        n, _, residue, *_ = reach.samples(s)
        distance = residue - (1 << n >> 1)
        return np.where(abs(distance) == 1, distance * n, NONE)

    near = [n for n in reach.shifts if n > 1 and 1 << (n - 1) < reach.most]
    sides = {-1: "one below", 1: "one above"}
    beside = {n * side: f"{sides[side]}, shift {n}" for n in near for side in sides}
    return Point("beside a tie", beside, key)


def _results(reach: Reach) -> Point:
    def key(s: Samples) -> np.ndarray:
        *_, result, step = reach.samples(s)
        kinds = np.full_like(result, NONE)
        for kind, (_, test) in enumerate(ENDS):
            kinds[test(result, reach.bits)] = kind
        return np.where(kinds == NONE, NONE, kinds + len(ENDS) * step)

    ends = {
        kind + len(ENDS) * step: f"{label}, step {step} of the window"
        for step in range(reach.window + 1)
        for kind, (label, _) in enumerate(ENDS)
        if reach.reaches_end(kind, step)
    }
    return Point("result", ends, key)


def _operands(reach: Reach) -> Point:
    accs = {reach.least: "least", reach.most: "largest", 0: "0", 1: "1", -1: "-1"}
    factors = {reach.multiplier: "largest", (reach.multiplier + 1) // 2: "half", 0: "0", 1: "1"}
    spread = 1 << 20  # more than any multiplier
    pairs = {
        acc * spread + factor: f"acc {name}, multiplier {size}"
        for acc, name in accs.items()
        for factor, size in factors.items()
    }
    return Point("operands", pairs, lambda s: s["i.acc"] * spread + s["i.multiplier"])


def body(instance: Instance) -> list[str]:
    """R1: wide product, half a unit, arithmetic shift, zero point, clip."""
    base = instance.parameters["shift_base"] or "shift_base"
    top = instance.fields["code"].range[1]
    return [
        f"n = {base} + shift;" if "shift" in instance.fields else f"n = {base};",
        "total = product;",
        f"total = total + ({width(instance)}'sd1 <<< (n - 1));",
        "total = total >>> n;",
        "total = total + zero_point;",
        f"code = total < 0 ? 0 : total > {top} ? {top} : total;",
    ]


def width(instance: Instance) -> int:
    """Nothing overflows: the product or half a unit at the largest shift, zero point, signs."""
    acc, multiplier, zero_point = (
        instance.fields[name].width for name in ("acc", "multiplier", "zero_point")
    )
    return max(acc + multiplier, SHIFT_RANGE[1] + 1, zero_point) + 3


FACE = Face(
    bins=bins,
    specification=Specification(body, width, Product("acc", "multiplier", computed=2)),
    plan=(
        STREAM_CONTRACT,
        Part(
            FUNCTION,
            "every accumulator of 27 bits and of 18, multiplier of 16, shift from "
            f"{SHIFT_RANGE[0]} to {SHIFT_RANGE[1]} and zero point; codes of 4 and 8 bits; and with "
            "a constant shift of 20",
            (
                {"lanes": 1},
                {"lanes": 2},
                {"lanes": 1, "bits": 8},
                {"lanes": 1, "bits": 8, "shift_base": 20},
                {"lanes": 1, "acc_width": 18, "shift_base": 20, "shift_width": 0},
                {"lanes": 1, "acc_width": 18},
                {"lanes": 1, "acc_width": 18, "bits": 8},
            ),
        ),
        Part(
            FUNCTION,
            "the same for 27 bits at the reduced multiplier width of 2, products computed",
            ({"lanes": 1, "multiplier_width": 2},),
        ),
        Part(SPECIFICATION, "16,463 samples at the default parameters", ({"lanes": 1},)),
        Part(
            EXHAUSTIVE,
            "every accumulator of 5 bits, multiplier of 3, shift from 1 to 18 and "
            f"{SHIFT_RANGE[1] - 3} to {SHIFT_RANGE[1]}, zero point of 3, codes of 2",
            ({"lanes": 1, "bits": 2, "acc_width": 5, "multiplier_width": 3, "shift_width": 2},),
            tuple(
                {"shift_base": base, "zero_point": zero_point}
                for base, zero_point in product(
                    (1, 5, 9, 13, 15, SHIFT_RANGE[1] - 3), range(-4, 4)
                )
            ),
        ),
    ),
)

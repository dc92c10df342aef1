"""Directed cases of the requantizer, with an oracle in fractions; no golden function is called."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice, product
from math import floor
from random import Random

import numpy as np

from vit2rtl.golden.arithmetic.requantizer import ACCUMULATOR_RANGE, SHIFT_RANGE
from vit2rtl.golden.units.unit import Case, Field, Parameters

Element = tuple[int, int, int]  # acc, multiplier, shift above the base
Elements = Iterable[Element]


def directed(p: Parameters, fields: Mapping[str, Field]) -> Iterator[Case]:
    """Ties, saturation, shifts, boundaries of every code; ``fields`` and settings by name."""
    window = fields["shift"].range[1] if "shift" in fields else 0
    fixed = p["shift_base"]
    middle = middle_base(p)
    low, high = fields["zero_point"].range
    half = min(high, 1 << (p["bits"] - 1))
    table = [
        ("ties", fixed or middle, half, _ties),
        ("saturation", fixed or middle, half, _saturation),
        ("extremes", fixed or middle, half, _extremes),
        ("zero_point_least", fixed or middle, low, _around_zero_point),
        ("zero_point_most", fixed or middle, high, _around_zero_point),
        ("zero_point_none", fixed or middle, 0, _around_zero_point),
        ("codes", fixed or middle, half, _codes),
        ("lanes", fixed or middle, half, _lanes),
        ("boundaries_least", fixed or 1, high, _boundaries),
        ("boundaries_middle", fixed or middle, low, _boundaries),
        ("boundaries_most", fixed or _largest_base(fields, p), half, _boundaries),
        ("far", fixed or middle, half, _far),
    ]
    if not fixed:
        for name, base in (("shift_least", 1), ("shift_most", SHIFT_RANGE[1] - window)):
            table += [(name, base, half, _extremes), (f"{name}_ties", base, half, _ties)]
        for base in range(2, SHIFT_RANGE[1] - window):
            if base != middle and not (base - middle) % (window + 1):
                table.append((f"shift_{base}", base, half, _every_shift))
    for name, base, zero_point, elements in table:
        setting = _Setting(p, fields, base, window, zero_point)
        chosen = list(elements(setting))
        if name != "lanes":
            chosen = list(dict.fromkeys(chosen))
        if chosen:
            yield _case(name, chosen, setting)


def oracle(acc: int, multiplier: int, shift: int, zero_point: int, bits: int) -> int:
    """R1 on one element, as a fraction: round half up, add, saturate."""
    scaled = floor(Fraction(acc * multiplier, 2**shift) + Fraction(1, 2))
    return max(0, min(2**bits - 1, scaled + zero_point))


def middle_base(p: Parameters) -> int:
    """A run-time shift base at which accumulator and multiplier are wide enough for every code."""
    room = p["acc_width"] + p["multiplier_width"] - p["bits"] - 2
    return max(1, min(8, SHIFT_RANGE[1] + 1 - (1 << p["shift_width"]), room))


@dataclass(frozen=True)
class _Setting:
    """What one record's elements are chosen for; ``window`` is the largest shift above the base."""

    p: Parameters
    fields: Mapping[str, Field]
    base: int
    window: int
    zero_point: int


def _case(name: str, elements: list[Element], s: _Setting) -> Case:
    columns = dict(zip(("acc", "multiplier", "shift"), _array(elements).T, strict=True))
    codes = [
        oracle(acc, multiplier, s.base + shift, s.zero_point, s.p["bits"])
        for acc, multiplier, shift in elements
    ]
    if "shift" not in s.fields:
        del columns["shift"]
    configuration = {"zero_point": s.zero_point}
    if "shift_base" in s.fields:
        configuration["shift_base"] = s.base
    description = _NOTES.get(name.removesuffix("_ties"), f"ties, shift {s.base} and on")
    notes = {"acc": {"description": description}}
    return Case(name, columns, {"code": _array(codes)}, configuration, notes)


_NOTES = {
    "ties": "products of odd halves and their neighbours, both signs, every shift",
    "saturation": "results next to 0 and to the top code, every shift",
    "extremes": "accumulators, multipliers and shifts at their ends, zeros included",
    "codes": "every code, of more than 8 bits those around each carry between bits",
    "lanes": "lanes unlike their neighbours, in turn",
    "boundaries_least": "codes' ends, smallest shifts, many multipliers, largest zero point",
    "boundaries_middle": "codes' ends, many multipliers, smallest zero point",
    "boundaries_most": "codes' ends, many multipliers, accumulators near their ends",
    "far": "products whose upper bits all but one equal the sign",
    "shift_least": "the smallest shift of all",
    "shift_most": "the largest shift of all",
    "zero_point_least": "the most negative zero point",
    "zero_point_most": "the most positive zero point",
    "zero_point_none": "zero point 0",
}


def _ties(s: _Setting) -> Elements:
    """Accumulator × multiplier = odd × 2**(shift - 1), once by a small factor, once by a large."""
    for shift in range(s.window + 1):
        for power in sorted({0, min(s.base + shift - 1, s.fields["multiplier"].width - 1)}):
            unit = 1 << (s.base + shift - 1 - power)
            for odd, nudge in product((1, -1, 3, -3, 5, -5, 7, -7), (0, 1, -1)):
                yield from _fitting(s.fields, odd * unit + nudge, 1 << power, shift)


def _every_shift(s: _Setting) -> Elements:
    """Ties, and the largest products, which are the only ones that reach far shifts."""
    yield from _ties(s)
    largest = s.fields["multiplier"].range[1]
    yield from product(_acc_range(s.fields), (largest,), range(s.window + 1))


def _saturation(s: _Setting) -> Elements:
    """Rescaled values around both ends of the codes and around every carry between code bits.

    Each is reached exactly and from both sides of a rounding.
    """
    bits = s.p["bits"]
    top = (1 << bits) - 1
    codes = sorted({-2, -1, 0, 1, top - 1, top, top + 1, top + 2, *_carries(bits)})
    for shift in range(s.window + 1):
        for power in sorted({0, min(s.base + shift, s.fields["multiplier"].width - 1)}):
            unit = 1 << (s.base + shift - power)
            for code in codes:
                for nudge in (-(unit // 2) - 1, -(unit // 2), 0, unit // 2 - 1, unit // 2):
                    acc = (code - s.zero_point) * unit + nudge
                    yield from _fitting(s.fields, acc, 1 << power, shift)
        for result in (-1, 0, top, top + 1):
            yield from _exact(s.fields, result - s.zero_point, s.base, shift)
        for acc in _acc_range(s.fields):
            yield acc, s.fields["multiplier"].range[1], shift


def _codes(s: _Setting) -> Elements:
    """Codes without a rounding: by a power of two if that fits, or else an accumulator of one."""
    bits = s.p["bits"]
    codes = range(1 << bits) if bits <= 8 else _carries(bits)
    for code in codes:
        yield from _exact(s.fields, code - s.zero_point, s.base, 0)


def _lanes(s: _Setting) -> Elements:
    """Zero and one, before the zero point, side by side and then the other way round."""
    zero = _exact(s.fields, 0, s.base, 0)
    one = _exact(s.fields, 1, s.base, 0)
    if one:
        yield from (zero + one) * s.p["lanes"]
        yield from (zero + one + zero) * s.p["lanes"]


def _exact(fields: Mapping[str, Field], value: int, base: int, shift: int) -> list[Element]:
    """At most one element that rescales to ``value`` without a rounding."""
    power = min(base + shift, fields["multiplier"].width - 1)
    elements = list(_fitting(fields, value << (base + shift - power), 1 << power, shift))
    factor = abs(value) << (base + shift)
    if not elements and factor <= fields["multiplier"].range[1]:
        elements = [(1 if value > 0 else -1, factor, shift)]
    return elements


def _carries(bits: int) -> list[int]:
    """Codes on either side of a carry between two bits, and both ends."""
    return sorted({(1 << n) - step for n in range(bits + 1) for step in (0, 1)} - {1 << bits})


def _largest_base(fields: Mapping[str, Field], p: Parameters) -> int:
    """The largest shift base at which every code is reached by accumulators near their ends."""
    window = fields["shift"].range[1] if "shift" in fields else 0
    reach = fields["acc"].width + fields["multiplier"].width - 2 - p["bits"]
    return max(1, min(40, reach - window))


def _boundaries(s: _Setting) -> Elements:
    """For each code the last accumulator below it and the first that reaches it.

    By multipliers of every length and of many ones, so that each bit of a product counts; and the
    smallest accumulators below zero, whose lower bits are large where the whole is small.
    """
    rng = Random(1)
    bits, width = s.p["bits"], s.fields["multiplier"].width
    lengths = cycle([*range(width, 0, -1), width, width])
    for shift in range(s.window + 1):
        half = 1 << (s.base + shift - 1)
        for code in range((1 << bits) + 1) if bits <= 4 else (*_carries(bits), 1 << bits):
            product_at = (2 * (code - s.zero_point) - 1) * half
            for length in islice(lengths, 2):
                multiplier = rng.getrandbits(length) | 1 << (length - 1)
                first = -(-product_at // multiplier)
                for acc in (first - 1, first):
                    yield from _fitting(s.fields, acc, multiplier, shift)
        for acc in (-1, -2, -3):
            for multiplier in (1 << n | rng.getrandbits(n) for n in range(width)):
                yield from _fitting(s.fields, acc, multiplier, shift)


def _far(s: _Setting) -> Elements:
    """Products whose upper bits all but one equal the sign, as far up as there are any."""
    acc_width, width = s.fields["acc"].width, s.fields["multiplier"].width
    largest = s.fields["multiplier"].range[1]
    for power in range(acc_width + width):
        least = 1 << min(width - 1, max(0, power - acc_width + 2))
        steps = [(least, shift) for shift in range(s.window + 1)]
        steps += [(largest, 0), (largest, s.window)]
        for multiplier, shift in steps:
            acc = -(-(1 << power) // multiplier)
            for signed in (acc, -acc, -acc - 1):
                yield from _fitting(s.fields, signed, multiplier, shift)


def _extremes(s: _Setting) -> Elements:
    least, most = _acc_range(s.fields)
    largest = s.fields["multiplier"].range[1]
    accs = (0, 1, -1, least, most, least + 1, most - 1, least // 2, most // 2)
    multipliers = (0, 1, largest, largest // 2 + 1, largest - 1)
    yield from product(accs, multipliers, range(s.window + 1))


def _around_zero_point(s: _Setting) -> Elements:
    """Results around every code boundary that this zero point leaves within reach."""
    yield from _saturation(s)
    yield from _codes(s)
    yield from ((acc, 1, 0) for acc in (0, 1, -1))


def _fitting(fields: Mapping[str, Field], acc: int, multiplier: int, shift: int) -> Elements:
    least, most = _acc_range(fields)
    if least <= acc <= most:
        yield acc, multiplier, shift


def _acc_range(fields: Mapping[str, Field]) -> tuple[int, int]:
    """The accumulator's ends; R1 asks for ``|acc| < 2**31``, one less than 32 bits can hold."""
    least, most = fields["acc"].range
    return max(least, ACCUMULATOR_RANGE[0]), most


def _array(values: list) -> np.ndarray:
    return np.array(values, dtype=np.int64)

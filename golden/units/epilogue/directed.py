"""Directed cases of the epilogue, with an oracle in fractions; no golden function is called."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import floor
from random import Random

import numpy as np

from vit2rtl.golden.units.unit import Case, Parameters

Settings = Mapping[str, int]
Element = tuple[int, int, int, int, int]  # acc, bias, multiplier, shift above the base, stream
NAMES = ("acc", "bias", "multiplier", "shift", "stream")
LONGEST = 1536  # channels of the widest Swin
LARGEST_SHIFT, STEPS = 47, 8


def directed(p: Parameters) -> Iterator[Case]:
    """Each kind of element in rows of several lengths; see the functions below."""
    reach = _Reach(p)
    codes = {"low": 0, "high": 15 if p["width"] > 4 else 7}
    stream = {"low": reach.least, "high": reach.most}
    logits = {"low": -(reach.most >> 4), "high": reach.most >> 4}
    middle, zero = reach.base, reach.most // 2 + 1
    table = [
        ("ties", reach.ties(), (middle, 3, codes, 0)),
        ("ties_of_a_stream", reach.ties(), (middle, 0, stream, 1)),
        ("codes", reach.limits(codes, middle, 5), (middle, 5, codes, 0)),
        ("logits", reach.limits(logits, middle, 0), (middle, 0, logits, 0)),
        ("stream", reach.limits(stream, middle, 0), (middle, 0, stream, 1)),
        ("saturation", reach.saturation(), (1, 0, stream, 1)),
        ("wraps", reach.wraps(), (middle, 0, stream, 0)),
        *((name, (*reach.any(seed), *reach.limits(stream, middle, end)), (middle, end, stream, 0))
          for name, seed, end in (("zero_point_least", 1, -2 * reach.most - 2),
                                  ("zero_point_most", 2, 2 * reach.most + 1))),
        ("zero_point_of_codes", reach.any(3), (middle, zero, {"low": 0, "high": reach.most}, 0)),
        ("shift_least", reach.any(4), (1, 0, stream, 1)),
        ("far", reach.far(), (1, 0, stream, 0)),
        ("shift_most", reach.any(5), (LARGEST_SHIFT - STEPS + 1, 1, stream, 0)),
        *((f"shift_{base}", reach.any(base), (base, 0, stream, base // 8 % 2))
          for base in range(4, LARGEST_SHIFT - STEPS + 1, 4)),
    ]
    lanes = p["lanes"]
    for number, (name, elements, (base, zero_point, limits, add)) in enumerate(table):
        settings = {"shift_base": base, "zero_point": zero_point, **limits, "add": add}
        columns = (2 * lanes, 2 * lanes + 1, lanes, 3 * lanes - 1)[number % 4]
        yield _case(p, name, list(elements), columns, settings)
    settings = {"shift_base": 1, "zero_point": 0, **stream, "add": 1}
    ends = [reach.end(sign) for sign in (-1, 1)]
    yield _case(p, "longest", [end for end in ends for _ in range(LONGEST)], LONGEST, settings)
    yield _case(p, "one_element", [*ends, *reach.any(6)], 1, settings)
    spread = [*ends, *reach.any(7)] * lanes
    spread = [spread[n % lanes * 5 + n // lanes] for n in range(5 * lanes)]
    yield _case(p, "one_beat", spread, lanes, settings)
    yield _case(p, "peaks", reach.peaks(), 3 * lanes,
                {"shift_base": 1, "zero_point": 0, **stream, "add": 1})


def oracle(element: Element, settings: Settings, p: Parameters) -> int:
    """One element by its definition, as a fraction."""
    acc, bias, multiplier, shift, stream = element
    low, high = -(1 << p["width"] - 1), (1 << p["width"] - 1) - 1
    total = (acc + bias) % (1 << p["acc_width"])
    if total >= 1 << p["acc_width"] - 1:
        total -= 1 << p["acc_width"]
    factor = Fraction(multiplier, 1 << settings["shift_base"] + shift)
    branch = floor(total * factor + Fraction(1, 2)) + settings["zero_point"]
    branch = min(max(branch, settings["low"]), settings["high"])
    return min(max(branch + stream, low), high) if settings["add"] else branch


def _case(
    p: Parameters, name: str, elements: list[Element], columns: int, settings: Settings
) -> Case:
    """Whole rows of the elements, the last one again and again where they leave one unfilled."""
    elements = elements + elements[-1:] * (-len(elements) % columns)
    values = [oracle(element, settings, p) for element in elements]
    rows = [values[n : n + columns] for n in range(0, len(values), columns)]
    beats = -(-columns // p["lanes"]) * p["lanes"]
    filled = [row + row[-1:] * (beats - columns) for row in rows]
    inputs = {field: np.array(numbers).reshape(-1, columns)
              for field, numbers in zip(NAMES, zip(*elements, strict=True), strict=True)}
    outputs = {
        "value": np.array(rows),
        "maximum": np.array([[max(row)] for row in filled]),
        "sum": np.array([[sum(row)] for row in filled]),
        "squares": np.array([[sum(x * x for x in row)] for row in filled]),
    }
    return Case(name, inputs, outputs, dict(settings))


class _Reach:
    """Elements of what an instance can meet."""

    def __init__(self, p: Parameters) -> None:
        self.p = p
        self.acc = (1 << p["acc_width"] - 1) - 1
        self.factor = (1 << p["multiplier_width"]) - 1
        self.most = (1 << p["width"] - 1) - 1
        self.least = -self.most - 1
        # A base at which a power of two as multiplier scales by 1 in the middle of the window.
        self.base = max(1, p["multiplier_width"] - 1 - STEPS // 2)

    def end(self, sign: int) -> Element:
        """A branch at its limit upon a stream at the same one."""
        stream = self.most if sign > 0 else self.least
        return sign * self.acc, 0, self.factor, 0, stream

    def split(self, total: int, n: int) -> tuple[int, int]:
        """Accumulator and bias of a total: of unlike signs, of like ones, or a sum that wraps."""
        size = 2 * self.acc + 2
        part = (0, self.acc // 3, -self.acc // 3, total // 2, self.acc - 1)[n % 5]
        bias = (total - part + self.acc + 1) % size - self.acc - 1
        return part, bias

    def ties(self) -> Iterator[Element]:
        """Products of an odd number of halves, and one beside, for every step of the window."""
        for n, shift in enumerate(range(STEPS)):
            half = self.base + shift - 1
            power = min(half, self.p["multiplier_width"] - 1)
            for odd in (1, -1, 3, -3, 5, -7):
                total = odd << half - power
                for beside in (-1, 0, 1):
                    yield (*self._within(total, n + odd), max((1 << power) + beside, 0), shift,
                           (odd * 37) % (self.most + 1))

    def limits(self, limits: Settings, base: int, zero_point: int) -> Iterator[Element]:
        """Results around both limits and zero, at factors of a power of two and others."""
        n = 0
        for edge in (limits["low"], limits["high"], 0):
            for beside in (-2, -1, 0, 1, 2):
                wanted = edge + beside - zero_point
                for shift in (0, 3, STEPS - 1):
                    n += 1
                    power = min(base + shift, self.p["multiplier_width"] - 1)
                    total = wanted << base + shift - power
                    stream = (0, self.most - edge, -edge, self.most, self.least)[n % 5]
                    stream = min(max(stream, self.least), self.most)
                    pair = [
                        (*self._within(total, n), 1 << power, shift, stream),
                        (*self._within(total, n + 1), self.factor, shift, stream),
                    ]
                    yield from pair[:: -1 if n % 2 else 1]  # so that lanes have either

    def saturation(self) -> Iterator[Element]:
        """Branches beyond the stream's range upon every kind of stream: the branch goes first."""
        for total in (self.acc, -self.acc - 1, self.acc >> 1, 1, -1, 0):
            for stream in (self.least, self.least + 1, -1, 0, 1, self.most - 1, self.most):
                for factor in (self.factor, 1, 0):
                    yield total, 0, factor, 0, stream

    def far(self) -> Iterator[Element]:
        """Products beyond the results by one bit alone, as far up as there are any."""
        widths = self.p["acc_width"], self.p["multiplier_width"]
        for power in range(self.p["width"], sum(widths)):
            for shift in range(STEPS):
                factor = (self.factor, 1 << min(widths[1] - 1, max(0, power - widths[0] + 2)))
                total = -(-(1 << power) // factor[shift % 2])
                for signed in (total, -total - 1):
                    if -self.acc - 1 <= signed <= self.acc:
                        yield signed, 0, factor[shift % 2], shift, 0

    def wraps(self) -> Iterator[Element]:
        """Sums of accumulator and bias at and beyond both ends."""
        ends = (self.acc, self.acc - 1, -self.acc - 1, -self.acc)
        for n, acc in enumerate(ends):
            for bias in (1, -1, 2, -2, 0, *ends):
                yield acc, bias, self.factor >> n % 3, n % STEPS, 0
        for bit in range(self.p["acc_width"] - 1):
            yield 1 << bit, (1 << bit) - (bit % 2), self.factor, bit % STEPS, 0
            yield -(1 << bit), -(1 << bit), self.factor, bit % STEPS, 0

    def peaks(self) -> list[Element]:
        """A row's largest element in every place, the others alike; and rows that fall."""
        columns = 3 * self.p["lanes"]
        rows = [[self.least // 2 + (place == n) for place in range(columns)]
                for n in range(columns)]
        rows += [[self.most // 2 - place for place in range(columns)]]
        return [(0, 0, 0, 0, stream) for row in rows for stream in row]

    def any(self, seed: int, count: int = 48) -> Iterator[Element]:
        """Numbers of every length, drawn once and for all."""
        rng = Random(seed)

        def number(bits: int) -> int:
            return rng.getrandbits(bits) >> rng.randrange(bits)

        for n in range(count):
            total = number(self.p["acc_width"] - 1) * rng.choice((1, -1))
            stream = number(self.p["width"] - 1) * rng.choice((1, -1))
            yield (*self._within(total, n), number(self.p["multiplier_width"]),
                   rng.randrange(STEPS), stream)

    def _within(self, total: int, n: int) -> tuple[int, int]:
        return self.split(min(max(total, -self.acc - 1), self.acc), n)

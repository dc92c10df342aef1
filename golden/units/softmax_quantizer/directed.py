"""Directed cases of the softmax quantizer, with an oracle in fractions; no golden function."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import floor
from random import Random

import numpy as np

from vit2rtl.golden.units.unit import Case, Parameters

Row = list[int]  # of one query, by token
Settings = Mapping[str, int]
_LAST_OCTAVE = 255


@lru_cache(maxsize=16)
def mantissas(rom_bits: int, exp_bits: int) -> list[int]:
    """Nearest integers to ``2**(exp_bits - f / size)``: ``v - 1/2 < that < v + 1/2``, raised."""
    size = 1 << rom_bits
    entries = []
    for f in range(size):
        value, power = round(2.0 ** (exp_bits - f / size)), 1 << ((exp_bits + 1) * size - f)
        while (2 * value - 1) ** size > power:
            value -= 1
        while (2 * value + 1) ** size < power:
            value += 1
        entries.append(value)
    return entries


def oracle(row: Row, s: Settings, p: Parameters) -> Row:
    """R4 on the logits of one query, as fractions; Eq. 18 by counting."""
    table, largest = mantissas(p["rom_bits"], p["exp_bits"]), max(row)
    values = {}
    for logit in set(row):
        t = floor(Fraction((largest - logit) * s["multiplier"], 2 ** s["shift"]) + Fraction(1, 2))
        octaves, entry = divmod(t, len(table))
        masked = logit == -(1 << (p["width"] - 1))
        octaves = min(octaves, _LAST_OCTAVE)
        values[logit] = Fraction(0) if masked else Fraction(table[entry], 2**octaves)
    total = sum(floor(values[logit]) for logit in row)
    last = (1 << p["bits"]) - (p["zero_code"] != "extra")
    pair = [Fraction(total * s[name], 2 ** s["threshold_shift"])
            for name in ("threshold_a", "threshold_b")]
    limits = [pair[k % 2] / 2 ** (k // 2) for k in range(last)]
    codes = {logit: last if value == 0 else sum(value < limit for limit in limits)
             for logit, value in values.items()}
    return [codes[logit] for logit in row]


@dataclass(frozen=True)
class _Cases:
    """Cases of an instance; ``usual`` has an exponent of about four ROM entries a logit's step."""

    p: Parameters
    usual: dict[str, int] = field(default_factory=dict)

    @property
    def masked(self) -> int:
        return -(1 << (self.p["width"] - 1))

    @property
    def top(self) -> int:
        return -self.masked - 1

    def case(self, name: str, groups: list[list[Row]], note: str, **settings: int) -> Case:
        """Groups of one row a query, all equally long; settings that are not the usual ones."""
        p, s = self.p, {**self.usual, **settings}
        codes = {tuple(row): oracle(row, s, p) for group in groups for row in group}
        logit = [np.array(group).T.reshape(-1) for group in groups]
        code = [np.array([codes[tuple(row)] for row in group]).T.reshape(-1) for group in groups]
        return Case(name, {"logit": np.array(logit, np.int64)}, {"code": np.array(code, np.int64)},
                    s, {"logit": {"description": note}})

    def beside(self, rows: list[Row]) -> list[list[Row]]:
        """Groups in which every row is in some lane, and neighbours are unlike."""
        lanes = self.p["lanes"]
        count = -(-len(rows) // lanes)
        return [[rows[(group + count * lane) % len(rows)] for lane in range(lanes)]
                for group in range(count)]

    def falling(self, rng: Random, tokens: int, step: int) -> Row:
        """Logits at all distances from a largest one, in any order."""
        row = [max(self.top - n * step, self.masked + 1) for n in range(tokens)]
        rng.shuffle(row)
        return row


def directed(p: Parameters) -> Iterator[Case]:
    """Masks and maxima; thresholds, sums and shifts at their ends; short and full rows."""
    rng = Random(4)
    # Two octaves of a logit's 2**(width - rom_bits); the whole range has all codes.
    shift = max(1, min(47, 15 + p["width"] - p["rom_bits"] - 4))
    one = {"threshold_a": 1805811302, "threshold_b": 1276901417, "threshold_shift": 31}
    cases = _Cases(p, {"multiplier": 47274, "shift": shift, **one})
    yield from _rows(cases, rng)
    yield from _exponents(cases, rng)
    yield from _thresholds(cases, rng)
    yield from _lengths(cases, rng)


def _rows(cases: _Cases, rng: Random) -> Iterator[Case]:
    top, masked = cases.top, cases.masked
    tokens = min(9, cases.p["tokens"])
    one = [[top if n == place else masked + 1 for n in range(tokens)] for place in range(tokens)]
    note = "one logit is the largest, in every place; the others are the smallest"
    yield cases.case("one_maximum", cases.beside(one), note)
    alike = [[value] * tokens for value in (0, top, masked + 1, masked, -1)]
    yield cases.case("alike", cases.beside(alike), "all logits of a query equal; all masked")
    some = [[masked if (n + k) % 3 else value for n in range(tokens)]
            for k, value in enumerate((top, masked + 1, 0, 5, -7))]
    ties = [[top - (n * k) % 3 for n in range(tokens)] for k in range(1, 5)]
    yield cases.case("masked", cases.beside(some), "masked logits in every place")
    yield cases.case("ties", cases.beside(ties), "several largest logits, others close to them")
    step = max(1, 2 * top // 40)
    spread = [cases.falling(rng, min(40, cases.p["tokens"]), step) for _ in range(3)]
    spread.append([max(value, masked + 1 + 3 * step) for value in spread[0][::-1]])
    yield cases.case("spread", cases.beside(spread), "logits from the largest to the smallest")


def _exponents(cases: _Cases, rng: Random) -> Iterator[Case]:
    """Every shift, and multipliers at their ends."""
    p = cases.p
    tokens = min(6, p["tokens"])
    for shift in range(1, 48):
        # From the ends inwards, so that an exponent of any length is met.
        multipliers = 65535, 1 << 15, 1 << 14 | rng.getrandbits(14), rng.getrandbits(16)
        near = [cases.top - (rng.getrandbits(p["width"]) >> (n % p["width"]))
                for n in range(tokens * p["lanes"])]
        rows = [near[lane * tokens : (lane + 1) * tokens] for lane in range(p["lanes"])]
        if tokens > 1:
            rows[0][:2] = [cases.top, cases.masked + 1]
        note = f"the exponent's shift is {shift}"
        yield cases.case(f"shift_{shift}", [rows], note, shift=shift,
                         multiplier=multipliers[(shift - 1) % 4])
    step = [cases.falling(rng, tokens, k) for k in range(1, 4)]
    for multiplier in (0, 1):
        note = "a multiplier that makes all exponents alike"
        yield cases.case(f"multiplier_{multiplier}", cases.beside(step), note,
                         multiplier=multiplier, shift=17)
    # Products of odd differences are halves, or just below them.
    near = [[cases.top - n for n in range(tokens)], [cases.top - n * n for n in range(tokens)]]
    near = [[max(value, cases.masked + 1) for value in row] for row in near]
    for shift in range(2, 17):
        multiplier = (1 << shift - 1) - shift % 2
        yield cases.case(f"half_{shift}", cases.beside(near), "exponents at a rounding, or below",
                         multiplier=multiplier, shift=shift)
    # Each logit is one ROM entry or one octave further down.
    for name, shift in (("entries", 15), ("octaves", max(1, 15 - p["rom_bits"]))):
        rows = [[cases.top - n * k for n in range(tokens)] for k in (1, 3, 4)]
        rows.append([cases.top - n * n for n in range(tokens)])
        rows = [[max(value, cases.masked + 1) for value in row] for row in rows]
        yield cases.case(name, cases.beside(rows), f"differences by {name}",
                         multiplier=1 << 15, shift=shift)


def _thresholds(cases: _Cases, rng: Random) -> Iterator[Case]:
    """Products with no bit, one bit or all bits below a mantissa; thresholds met exactly."""
    half, most = 1 << 30, (1 << 32) - 1
    octave = {"multiplier": 1 << 15, "shift": max(1, 15 - cases.p["rom_bits"])}
    tokens = min(12, cases.p["tokens"])
    rows = [[max(cases.top - n // k, cases.masked + 1) for n in range(tokens)] for k in (1, 2, 5)]
    rows += [[cases.top, *[cases.masked] * (tokens - 1)], [cases.top] * tokens]
    pairs = (
        (half, half), (half + 1, half), (half + 1, half + 1), (2 * half, half),
        (2 * half, 2 * half), (2 * half + 1, 2 * half), (2 * half + 1, 2 * half + 1),
        (most, most), (most, (most + 1) // 2), (most - 1, most - 1 >> 1),
        (half | 1 << 17, half | 1 << 16), (half | 1 << 14, half | 1 << 13),
    )
    groups = cases.beside(rows)
    for number, (a, b) in enumerate(pairs):
        note = f"thresholds {a} and {b}; exponentials are powers of two"
        for shift in (30, 29 - 2 * (number % 2)):
            yield cases.case(f"thresholds_{number}_{shift}", groups, note, threshold_a=a,
                             threshold_b=b, threshold_shift=shift, **octave)
    for shift in (0, 1, 20, 40, 62):
        note = f"thresholds in units of 2**-{shift}"
        yield cases.case(f"unit_{shift}", groups, note, threshold_shift=shift, **octave)
    # Every bit of a threshold and of a sum alone makes it more than a power of two.
    alone = [[[cases.top, cases.masked][:tokens]] * cases.p["lanes"]]
    for bit in range(30):
        both = half + (1 << bit)
        yield cases.case(f"bit_{bit}", alone, "thresholds next to a power of two",
                         threshold_a=both, threshold_b=both, threshold_shift=30, **octave)
    sums = [[cases.top, max(cases.top - octaves, cases.masked + 1)][:tokens]
            for octaves in range(1, cases.p["exp_bits"] + 1)]
    yield cases.case("sums", cases.beside(sums), "sums with two bits", threshold_a=half,
                     threshold_b=half, threshold_shift=30, **octave)
    # Codes one by one: of one logit, and of one beside another as large.
    single = [[[cases.top] * min(2, tokens)] * cases.p["lanes"]]
    for code in range(16):
        a, b = (most, most // 2 + 1) if code % 2 else (most - 1, most - 1)
        note = f"largest logits have code {code} or close to it"
        yield cases.case(f"code_{code}", single, note, threshold_a=a, threshold_b=b,
                         threshold_shift=32 - min(2, tokens) + 1 - (code + 1) // 2)
    yield from _close(cases)
    for number in range(8):
        b = rng.randrange(half, 2 * half)
        a = min(round(b * 2**0.5), most)
        length = min(5 + 3 * number, cases.p["tokens"])
        rows = [cases.falling(rng, length, 1 + 5 * k) for k in range(4)]
        yield cases.case(f"scale_{number}", cases.beside(rows), "thresholds of some scale",
                         threshold_a=a, threshold_b=b, threshold_shift=31 + number // 3)


def _close(cases: _Cases) -> Iterator[Case]:
    """Both thresholds beside an exponential, one above and one below it, by each bit of a mantissa.

    Of the even kind above and of the odd below; then the other way round, an octave apart.
    """
    p = cases.p
    if p["tokens"] < 2:
        return
    size, table = p["exp_bits"], mantissas(p["rom_bits"], p["exp_bits"])
    for bit in range(size - 1):
        entry = 1 + (bit * 37) % (len(table) - 1)
        # The second logit is so many entries below: its exponential is the table's own.
        rows = [[cases.top, cases.top - 1]] * p["lanes"]
        total, step = (1 << size) + table[entry], 1 << bit
        above, below = table[entry] + step, table[entry] - step
        for odd in range(2):
            numbers = (2 * below, above) if odd else (above, below)
            shift = 30 + (min(numbers) <= total // 2)
            a, b = (-(-(number << shift) // total) for number in numbers)
            shift += (min(a, b) < 1 << 30)
            a, b = (-(-(number << shift) // total) for number in numbers)
            if 1 << 30 <= b <= a <= min(2 * b, (1 << 32) - 1):
                yield cases.case(f"close_{bit}_{odd}", [rows], "thresholds beside an exponential",
                                 threshold_a=a, threshold_b=b, threshold_shift=shift,
                                 multiplier=2 * entry, shift=1)


def _lengths(cases: _Cases, rng: Random) -> Iterator[Case]:
    """One token, two, and as many as there may be: the sum's largest, groups back to back."""
    low, high = cases.masked, cases.top
    single = [[rng.randint(low, high)] for _ in range(6 * cases.p["lanes"])]
    yield cases.case("one_token", cases.beside([*single, [low]]), "rows of one token")
    if cases.p["tokens"] > 1:
        double = [[rng.randint(low, high) for _ in range(2)] for _ in range(4 * cases.p["lanes"])]
        yield cases.case("two_tokens", cases.beside(double), "rows of two tokens")
    full = cases.p["tokens"]
    rows = [[high] * full, [high - (n & 1) for n in range(full)],
            [rng.randint(low, high) for _ in range(full)]]
    yield cases.case("full", cases.beside(rows)[:3], "as many tokens as there may be")

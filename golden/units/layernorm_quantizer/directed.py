"""Directed records of the LayerNorm quantizer: seeds of the root, ends of rows, gains, offsets."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor, isqrt
from typing import NamedTuple

import numpy as np

from vit2rtl.golden.units.layernorm_quantizer.telling import differences
from vit2rtl.golden.units.unit import Case, Parameters

_GAIN, _OFFSET = (1 << 16) - 1, (1 << 40) - 1  # largest magnitudes
_UNIT = 1 << 16  # a code, in units of the offset


class Affine(NamedTuple):
    """Settings of a case; ``gain`` and ``offset`` of a row's channels, repeated as need be."""

    gain: Sequence[int]
    offset: Sequence[int]
    shift: int
    epsilon: int


def oracle(row: Sequence[int], affine: Affine, bits: int) -> list[int]:
    """R8 on Python's own integers and fractions: exact but for the root, rounded once."""
    total, count = sum(row), len(row)
    variance = count * sum(x * x for x in row) - total**2 + affine.epsilon
    mantissa, places = reciprocal_root(variance)
    codes = []
    for n, x in enumerate(row):
        gain, offset = (values[n % len(values)] for values in (affine.gain, affine.offset))
        normal = Fraction((count * x - total) * mantissa, 2**places)
        value = normal * Fraction(gain, 2**affine.shift) + Fraction(offset, _UNIT)
        codes.append(min(max(floor(value + Fraction(1, 2)), 0), 2**bits - 1))
    return codes


def reciprocal_root(value: int) -> tuple[int, int]:
    """``(mantissa, places)`` of 1/√value: a seed from eight leading bits, two steps of Newton."""
    pairs = (value.bit_length() - 21) // 2
    m = value // 4**pairs if pairs >= 0 else value * 4**-pairs
    # 2**20 / √m at the middle of all mantissas with these leading bits, rounded half up.
    middle = (2 * (m >> 14) + 1) * 2**13
    y = (isqrt(4 * 2**40 // middle) + 1) // 2 * 2**10
    for _ in range(2):
        t = (3 * 2**44 - m * (y * y // 2**16)) // 2**22
        y = (y * t + 2**22) // 2**23
    return min((y + 4) // 8, 2**17 - 1), pairs + 27


def directed(p: Parameters) -> Iterator[Case]:
    """Rows of two elements for the root, whole rows for sums, short ones for the last beat."""
    yield from _roots(p)
    yield from _boundaries(p)
    yield from _ends(p)
    yield from _lengths(p)
    yield from _layer(p)


def _roots(p: Parameters) -> Iterator[Case]:
    """One element unlike 16 others is four deviations away: a difference d has a variance (4 d)².

    The largest gain and an offset that takes most of it away again show the last bits of r.
    """
    low, span = -(1 << (p["width"] - 1)), (1 << p["width"]) - 1
    others = 16 if p["channels"] > 16 else 1
    root = isqrt(others)
    spare = max(2 * p["width"] - 8, 0)
    seeds = differences(span, others) if span > 255 else range(span + 1)
    powers = [(1 << n) + d for n in range(p["width"] + 1) for d in (-1, 0, 1)]
    middle = (1 << p["bits"]) // 2 * _UNIT
    far, near = middle - _GAIN * _UNIT * root, middle + _GAIN * _UNIT // root
    sharp = Affine([_GAIN] * (others + 1), (far, *[near] * others), 0, 1)

    def row(difference: int) -> list[int]:
        return [low + difference, *[low] * others]

    for name, distances in (("seeds", seeds), ("powers", powers)):
        rows = [row(d) for d in dict.fromkeys(distances) if 0 <= d <= span]
        yield _case(p, name, rows, sharp, "every bit of every seed, or around powers of two")
    largest = _epsilon(p)
    rows = [row(span - n) for n in (0, 1, 2, span)]
    for name, epsilon in (
        ("epsilon", largest), ("half_epsilon", largest // 2 + 1), ("near_epsilon", 1 << spare + 7)
    ):
        centred = _centred(rows[0], min(epsilon, largest), middle)
        yield _case(p, name, rows, centred, "as large as epsilon, or smaller")


def _centred(row: Sequence[int], epsilon: int, middle: int) -> Affine:
    """The largest gain, and offsets that bring a row's results to a middle."""
    total, count = sum(row), len(row)
    root = isqrt(count * sum(x * x for x in row) - total**2 + epsilon)
    offset = [middle - (count * x - total) * _GAIN * _UNIT // root for x in row]
    return Affine([_GAIN] * count, offset, 0, epsilon)


def _boundaries(p: Parameters) -> Iterator[Case]:
    """A row whose results are the first above, or the last below, where a code begins.

    So one more or less of the shifted product shows, whatever the shift. It comes as often as it
    takes to be everywhere in a memory of two rows and 64 beats. Short rows, the ones shifted least,
    come with each element on either side, and with products of either sign.
    """
    rng = np.random.default_rng(3)
    end, middle = 1 << (p["width"] - 1), (1 << p["bits"]) // 2 * _UNIT
    for name, spread, most, shift in (
        ("one_apart", 1, 2, 0), ("near", 2, 33, 0), ("within_64", 64, 192, 3),
        ("within_1024", 1024, 192, 0), ("wide", end, 192, 0), ("shifted", end, 192, 13),
        ("far_shifted", end, 192, 31),
    ):
        count, spread = min(most, p["channels"]), min(spread, end)
        row = [0, 1] if spread == 1 else rng.integers(-spread, spread, count).tolist()
        gain = rng.integers(-_GAIN, _GAIN, count, endpoint=True)
        beats = -(-count // p["lanes"])
        rows = [row] * min(2 + -(-64 // beats), 12)
        short = most < 192
        for sign, side in ((1, 0), (1, 1), (-1, 0), (-1, 1)) if short else ((1, 0),):
            below = (np.arange(count) // p["lanes"] + side) % 2
            affine = _at_boundaries(row, (sign * gain).tolist(), shift, middle, below.tolist())
            ends = f"_{'above' if side else 'below'}_{'negated' if sign < 0 else 'plain'}"
            yield _case(p, f"boundary_{name}{ends if short else ''}", rows, affine,
                        "results where a code begins")


def _at_boundaries(
    row: Sequence[int], gain: Sequence[int], shift: int, middle: int, below: Sequence[int]
) -> Affine:
    """Offsets that bring each result to where the middle code begins, or one below it."""
    total, count = sum(row), len(row)
    mantissa, places = reciprocal_root(count * sum(x * x for x in row) - total**2 + 1)
    offset = [
        middle - _UNIT // 2 - less - floor(Fraction(
            (count * x - total) * mantissa * factor * _UNIT, 2**(places + shift)))
        for x, factor, less in zip(row, gain, below, strict=True)]
    return Affine(gain, offset, shift, 1)


def _ends(p: Parameters) -> Iterator[Case]:
    """Whole rows of the least and the largest element: all, half, and all but one of them."""
    low, high, count = -(1 << (p["width"] - 1)), (1 << (p["width"] - 1)) - 1, p["channels"]
    rows = [[level] * count for level in (low, 0, high)]
    rows += [[low, high] * (count // 2) + [low] * (count % 2), [low] + [high] * (count - 1),
             [low] * (count - 1) + [high], [high] * (count // 2) + [low] * (count - count // 2)]
    middle = (1 << p["bits"]) // 2 * _UNIT
    for name, gain, offset, shift in (
        ("largest_gains", (_GAIN, -_GAIN), (middle,), 12),
        ("no_shift", (_GAIN, -_GAIN, 1, -1), (_OFFSET, -_OFFSET, middle), 0),
        ("longest_shift", (_GAIN, -_GAIN), (middle - _UNIT // 2, middle - _UNIT // 2 - 1), 47),
        ("largest_offsets", (1, -1), (_OFFSET, -_OFFSET, _UNIT // 2, -_UNIT // 2), 4),
    ):
        yield _case(p, name, rows, Affine(gain, offset, shift, 1), "the least, the largest, one")


def _lengths(p: Parameters) -> Iterator[Case]:
    """Every fill of the last beat, and rows of one element; their lengths change."""
    rng = np.random.default_rng(1)
    end = 1 << (p["width"] - 1)
    full = min(2 * p["lanes"], p["channels"])
    lengths = [1, full, *range(max(full - p["lanes"], 1), full), 2]
    lengths += [n * p["lanes"] + 1 for n in (3, 6) if n * p["lanes"] < p["channels"]]
    for columns in dict.fromkeys(lengths):
        rows = rng.integers(-end, end, (4, columns)).tolist()
        yield _case(p, f"columns_{columns}", rows, _typical(p, rng, columns), "any elements")


def _layer(p: Parameters) -> Iterator[Case]:
    """Rows as networks have them: normal ones of several widths, one far outlier."""
    rng = np.random.default_rng(2)
    end = 1 << (p["width"] - 1)
    rows = []
    for spread in (end // 64, end // 8, end):
        row = rng.normal(0, max(spread, 1), p["channels"]).clip(-end, end - 1).astype(int)
        row[len(row) // 3] = end - 1
        rows.append(row.tolist())
    yield _case(p, "layer", rows, _typical(p, rng, p["channels"]), "normal ones, an outlier")
    yield _case(p, "one_row", rows[1:2], _typical(p, rng, p["channels"]), "a row alone")


def _typical(p: Parameters, rng: np.random.Generator, columns: int) -> Affine:
    """Results over all codes and a little beyond them: gains and offsets of any sign."""
    shift = max(15 - p["bits"], 0)
    middle = (1 << p["bits"]) // 2 * _UNIT
    gain = rng.integers(-_GAIN, _GAIN, columns, endpoint=True).tolist()
    offset = (middle + rng.integers(-2 * _UNIT, 2 * _UNIT, columns)).tolist()
    return Affine(gain, offset, shift, min(_epsilon(p), 1 + int(rng.integers(1 << 20))))


def _epsilon(p: Parameters) -> int:
    """The largest: of as many bits as the variance of rows of ``channels`` elements."""
    span = p["channels"] * ((1 << p["width"]) - 1)
    return (1 << (span * span // 4).bit_length()) - 1


def _case(
    p: Parameters, name: str, rows: Sequence[Sequence[int]], affine: Affine, description: str
) -> Case:
    columns = len(rows[0])
    codes = [oracle(row, affine, p["bits"]) for row in rows]
    table = {field: np.zeros(p["channels"], np.int64) for field in ("gain", "offset")}
    for field, values in (("gain", affine.gain), ("offset", affine.offset)):
        table[field][:columns] = np.resize(np.array(values, np.int64), columns)
    return Case(
        name,
        {"element": np.array(rows, np.int64)},
        {"code": np.array(codes, np.int64)},
        {"columns": columns, "shift": affine.shift, "epsilon": affine.epsilon, **table},
        {"element": {"description": description}},
    )

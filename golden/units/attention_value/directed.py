"""Directed cases of attention × V, with an oracle in fractions; no golden function is called.

Rows of a real softmax do not exceed the bound that sizes the sums. These cases keep to the width of
the sums itself: some reach its ends, none goes beyond.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import NamedTuple

import numpy as np

from vit2rtl.golden.units.unit import Case, Field, Parameters

# A token: a code a query, a centered value a channel.
Token = tuple[Sequence[int], Sequence[int]]
Tile = Sequence[Token]

_TOKENS = 40  # at most, to bring a sum to its end
_HIGHEST = 16  # H at most
_PAIRS = 512  # tiles of one token


class Scale(NamedTuple):
    """What a record's results are made with."""

    even: int
    odd: int
    shift: int
    zero_point: int


# Name, tiles, zero point of v, scale, note.
Entry = tuple[str, Sequence[Tile], int, Scale, str]


class Rule:
    """What each code stands for, and how far a sum may go."""

    def __init__(self, p: Parameters) -> None:
        self.rows, self.lanes = p["rows"], p["lanes"]
        self.codes = (1 << p["bits"]) + (p["zero_code"] == "extra")
        self.zero = None if p["zero_code"] == "none" else self.codes - 1
        levels = self.codes - (self.zero is not None)
        self.fraction = min(levels // 2, _HIGHEST)
        self.end = 1 << (p["acc_width"] - 1)
        self.bits, self.value_bits = p["output_bits"], p["value_bits"]

    def one(self, code: int) -> int:
        """What a centered value of one adds to a sum."""
        value = Fraction(2**self.fraction, 2 ** ((code + 1) // 2))
        return 0 if code == self.zero or value.denominator > 1 else int(value)

    def sums(self, tile: Tile, query: int, channel: int) -> tuple[int, int]:
        """Even and odd sum of a query and a channel."""
        total = [0, 0]
        for codes, values in tile:
            total[codes[query] % 2] += self.one(codes[query]) * values[channel]
        return total[0], total[1]

    def fits(self, tile: Tile) -> bool:
        """Whether no sum leaves its width at the end of the tile."""
        return all(-self.end <= total < self.end for q in range(self.rows)
                   for c in range(self.lanes) for total in self.sums(tile, q, c))

    def result(self, tile: Tile, query: int, channel: int, scale: Scale) -> int:
        """A code: round half up, add, saturate."""
        even, odd = self.sums(tile, query, channel)
        scaled = Fraction(even * scale.even + odd * scale.odd, 2**scale.shift)
        rounded = floor(scaled + Fraction(1, 2)) + scale.zero_point
        return max(0, min((1 << self.bits) - 1, rounded))

    def alike(self, code: int, value: int) -> Token:
        """A token that is the same everywhere."""
        return [code] * self.rows, [value] * self.lanes


def directed(p: Parameters, fields: Mapping[str, Field]) -> Iterator[Case]:
    """Every code beside every value, ends of the sums, ties, saturation, tiles of any length.

    ``fields`` are those of the configuration, by name.
    """
    rule = Rule(p)
    low, high = fields["zero_point"].range
    half, most = 1 << (rule.bits - 1), fields["multiplier_odd"].range[1]
    # About the whole range of results for about the whole range of sums.
    shift = max(1, min(47, rule.end.bit_length() - 1 + 17 - rule.bits))
    usual = Scale(most * 5 // 7, most, shift, half)
    for name, tiles, zero, scale, note in _table(rule, usual, low, high):
        fitting = [tile for tile in tiles if tile and rule.fits(tile)]
        if fitting:
            yield _case(name, rule, fitting, zero, scale, note)


def _table(rule: Rule, usual: Scale, low: int, high: int) -> Iterator[Entry]:
    """All records, with what of them a narrow sum does not hold."""
    half, most, top = 1 << (rule.bits - 1), usual.odd, 1 << rule.value_bits
    plain = Scale(2, 2, 1, half)
    for name, zero in (("low", 0), ("high", top)):
        tiles = list(_pairs(rule, range(-zero, top - zero)))
        yield f"pairs_{name}", tiles, zero, usual, "every code beside every value"
        yield f"pairs_{name}_plain", tiles, zero, plain, "the same, sums as they are"
    for odd, name in enumerate(("even", "odd")):
        for side, sign in (("least", -1), ("largest", 1)):
            tile, zero = extreme(rule, odd, sign, top), top if sign < 0 else 0
            tiles = [tile, *_softmax(rule, 1, len(tile), Random(side), zero), tile[::-1]]
            for kind, scale in (("", usual), ("_plain", plain)):
                yield f"{name}_{side}{kind}", tiles, zero, scale, f"the {name} sum at its end"
    for shift in (1, 2, 9, 17):
        for step in range(-1 if shift > 1 else 0, 2):
            factor = (1 << (shift - 1)) + step
            yield (f"ties_{shift}_{step + 1}", list(_units(rule, top)), top // 2,
                   Scale(factor, factor, shift, half), "halves, odd and even, and beside them")
    for name, scale in (
        ("zero_point_least", usual._replace(zero_point=low)),
        ("zero_point_most", usual._replace(zero_point=high)),
        ("even_alone", usual._replace(odd=0)),
        ("odd_alone", usual._replace(even=0)),
        ("nothing", Scale(0, 0, 47, half)),
        ("largest", Scale(most, most, 1, half)),
        ("shift_most", Scale(most, most, 47, half)),
    ):
        tiles = _softmax(rule, 3, 5, Random(name), top // 2)
        yield name, tiles, top // 2, scale, "settings at their ends"
    for tokens, count in {1: 7, 2: 5, rule.rows * rule.lanes + 3: 2, 70: 5}.items():
        tiles = _softmax(rule, count, tokens, Random(tokens), tokens % top)
        yield f"tokens_{tokens}", tiles, tokens % top, usual, "rows of a softmax"
    tiles = [_thinned(rule, tile, n)
             for n, tile in enumerate(_softmax(rule, 4, 6, Random(0), top // 2))]
    yield "not_filled", tiles, top // 2, usual, "queries and channels without elements"


def _case(
    name: str, rule: Rule, tiles: Sequence[Tile], zero: int, scale: Scale, note: str
) -> Case:
    results = [[rule.result(tile, q, c, scale)
                for q in range(rule.rows) for c in range(rule.lanes)] for tile in tiles]
    return Case(
        name,
        {
            "value": np.array([[v + zero for _, values in tile for v in values] for tile in tiles]),
            "code": np.array([[code for codes, _ in tile for code in codes] for tile in tiles]),
        },
        {"result": np.array(results)},
        {
            "v_zero_point": zero, "multiplier_even": scale.even, "multiplier_odd": scale.odd,
            "shift": scale.shift, "zero_point": scale.zero_point,
        },
        {"code": {"description": note}},
    )


def _pairs(rule: Rule, values: range) -> Iterator[Tile]:
    """Tiles of one token: every code in every query, every value in every channel; all pairs.

    Of codes and values that are many, some pairs.
    """
    turns = ceil(len(values) / rule.lanes)
    for code in range(rule.codes):
        for turn in range(turns if rule.codes * turns <= _PAIRS else 1):
            codes = [(code + q) % rule.codes for q in range(rule.rows)]
            places = (code + turn * rule.lanes + c for c in range(rule.lanes))
            yield [(codes, [values[n % len(values)] for n in places])]


def extreme(rule: Rule, odd: int, sign: int, top: int) -> Tile:
    """Tokens that bring a sum to its end, as near as so many of them can."""
    left = rule.end if sign < 0 else rule.end - 1
    tile: list[tuple[Sequence[int], Sequence[int]]] = []
    while len(tile) < _TOKENS:
        codes = [k for k in range(odd, rule.codes, 2) if 0 < rule.one(k) <= left]
        if not codes:
            break
        code = codes[0]
        value = min(left // rule.one(code), top if sign < 0 else top - 1)
        tile.append(rule.alike(code, sign * value))
        left -= value * rule.one(code)
    return tile


def _units(rule: Rule, top: int) -> Iterator[Tile]:
    """Small sums of either kind, in steps of one."""
    even, odd = (max(k for k in range(rule.codes) if k % 2 == side and rule.one(k))
                 for side in (0, 1))
    values = range(-(top // 2), top // 2)
    for n in range(0, len(values), rule.lanes):
        chosen = [values[(n + c) % len(values)] for c in range(rule.lanes)]
        for other in (0, 1, -1):
            yield [([even] * rule.rows, chosen), ([odd] * rule.rows, [other] * rule.lanes)]


def _softmax(rule: Rule, count: int, tokens: int, rng: Random, zero: int) -> list[Tile]:
    """Tiles with few large probabilities and many small ones, within the width of the sums."""
    top = 1 << rule.value_bits
    tiles: list[Tile] = []
    for _ in range(count):
        codes = [[min(int(rng.expovariate(2 / rule.codes)), rule.codes - 1)
                  for _ in range(rule.rows)] for _ in range(tokens)]
        values = [[rng.randrange(top) - zero for _ in range(rule.lanes)] for _ in range(tokens)]
        smallest = min(range(rule.codes), key=rule.one)
        for token in sorted(range(tokens), key=lambda n: min(codes[n])):
            if rule.fits(list(zip(codes, values, strict=True))):
                break
            codes[token] = [smallest] * rule.rows
        tiles.append(list(zip(codes, values, strict=True)))
    return tiles


def _thinned(rule: Rule, tile: Tile, turn: int) -> Tile:
    """The tile with nothing in the queries, or in the channels, from a place on."""
    nothing = min(range(rule.codes), key=rule.one)
    queries, channels = turn % rule.rows, rule.lanes - turn % rule.lanes
    return [([*codes[:queries], *[nothing] * (rule.rows - queries)],
             [*values[:channels], *[0] * (rule.lanes - channels)]) for codes, values in tile]

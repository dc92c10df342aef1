"""Directed tiles of the matmul array, from whole codes and weights and sums in plain integers."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from vit2rtl.golden.units.unit import Case, Parameters

Matrix = list[list[int]]

# Values of a digit that are shown where not all of them are: so many beats a case can have.
_VALUES = 32
# Tiles of the inner dimension up to which sums are driven out of their accumulators.
_MANY_TILES = 300


class Tile(NamedTuple):
    """codes[tokens][k] and weights[lanes][k], whole numbers of one or two digits."""

    codes: Matrix
    weights: Matrix


class Corner(NamedTuple):
    """Tiles of one shape and configuration."""

    name: str
    tiles: Sequence[Tile]
    code_digits: int
    weight_digits: int
    weight_zero_point: int
    code_zero_point: int
    description: str


class Corners:
    """Makes the corners for an instance's parameters."""

    def __init__(self, p: Parameters) -> None:
        self.p = p
        self.rows, self.lanes, self.base = p["rows"], p["lanes"], p["base"]
        self.depth = p["depth"]
        self.coded = p["weights"] == "codes"
        self.rng = np.random.default_rng(0)

    def code_range(self, digits: int) -> tuple[int, int]:
        return 0, (1 << digits * self.base) - 1

    def weight_range(self, digits: int) -> tuple[int, int]:
        """Of signed weights the upper digit has the sign."""
        low, high = self.code_range(digits)
        if self.coded:
            return low, high
        return -(high + 1), high

    def zero_points(self, digits: int) -> list[int]:
        """Both ends, and the middle."""
        if not self.coded:
            return [0]
        top = 1 << digits * self.base
        return [top, 0, top // 2]

    def all(self) -> Iterator[Corner]:
        yield from self._pairs()
        for code_digits in (1, 2):
            for weight_digits in (1, 2):
                yield from self._digits(code_digits, weight_digits)
        yield from self._tokens()
        yield from self._wrapped()

    def _pairs(self) -> Iterator[Corner]:
        """Each digit of a code times each of a weight, in every row of every column."""
        codes, weights = (_spread(*ends) for ends in (self.code_range(1), self.weight_range(1)))
        tokens = min(len(codes), self.depth)
        tiles = []
        for first in range(0, len(codes), tokens):
            for step in range(len(weights)):
                place = [[codes[(first + t + row) % len(codes)] for row in range(self.rows)]
                         for t in range(tokens)]
                tiles.append(Tile(place, [
                    [weights[(step + 5 * row + 3 * lane) % len(weights)]
                     for row in range(self.rows)] for lane in range(self.lanes)
                ]))
        zero_point = self.zero_points(1)[-1]
        yield Corner("pairs", tiles, 1, 1, zero_point, 3 * self.coded,
                     "every digit of a code and of a weight in every place")

    def _digits(self, code_digits: int, weight_digits: int) -> Iterator[Corner]:
        """Ends of the ranges and random numbers; the last tile of the inner one is not full."""
        low, high = self.weight_range(weight_digits)
        top = self.code_range(code_digits)[1]
        for number, zero_point in enumerate(self.zero_points(weight_digits)):
            # Only a weight that is its zero point leaves a place empty.
            missing = self.rows > 1 and zero_point <= high
            tokens, inner = min(3 + 2 * number, self.depth), 3 * self.rows - missing
            ends = Tile([[top] * inner] * tokens,
                        [[high if lane % 2 else low] * inner for lane in range(self.lanes)])
            tiles = [ends, *(self._random(tokens, inner, top, (low, high)) for _ in range(2))]
            factor = (top, -1 - top, 1 + top // 2)[number] * self.coded
            yield Corner(f"digits_{code_digits}_{weight_digits}_{number}", tiles, code_digits,
                         weight_digits, zero_point, factor,
                         "ends of the ranges, random numbers, a last tile that is not full")

    def _tokens(self) -> Iterator[Corner]:
        """Passes shorter than the accumulators' latency, and the longest; three tiles in a row."""
        low, high = self.weight_range(1)
        top = self.code_range(1)[1]
        for tokens in sorted({1, 2, 3, 4, 5, self.depth} & {*range(1, self.depth + 1)}):
            inner = self.rows * (2 if tokens < self.depth else 1)
            tiles = [self._random(tokens, inner, top, (low, high)) for _ in range(3)]
            yield Corner(f"tokens_{tokens}", tiles, 1, 1, self.zero_points(1)[-1],
                         2 * self.coded, f"{tokens} tokens a tile, three tiles")

    def _wrapped(self) -> Iterator[Corner]:
        """Sums of two digits that leave the accumulators on either side, and come back."""
        low, high = self.weight_range(2)
        top, limit = self.code_range(2)[1], 1 << (self.p["acc_width"] - 1)
        count = limit // (top * max(high, 1) * self.rows) + 1
        if count > _MANY_TILES:
            return
        inner = count * self.rows
        zero_point = self.zero_points(2)[-1]
        weights = [[high if lane % 2 else low] * inner for lane in range(self.lanes)]
        yield Corner("wrapped", [Tile([[top] * inner], weights)], 2, 2, zero_point, 0,
                     "sums beyond the accumulators, which wrap")

    def _random(
        self, tokens: int, inner: int, top: int, weights: tuple[int, int]
    ) -> Tile:
        draw = self.rng.integers
        return Tile(draw(0, top, (tokens, inner), endpoint=True).tolist(),
                    draw(*weights, (self.lanes, inner), endpoint=True).tolist())


def directed(p: Parameters) -> Iterator[Case]:
    """A case a corner: digits in the order of the streams, sums from the whole numbers."""
    for corner in Corners(p).all():
        count = -(-len(corner.tiles[0].codes[0]) // p["rows"])
        tokens = len(corner.tiles[0].codes)
        settings = {"tokens": tokens, "k_tiles": count, "code_digits": corner.code_digits,
                    "weight_digits": corner.weight_digits}
        if p["weights"] == "codes":
            settings["weight_zero_point"] = corner.weight_zero_point
            settings["code_zero_point"] = corner.code_zero_point
        columns = [_streamed(p, corner, tile, count) for tile in corner.tiles]
        code, weight = (np.array(column, np.int64) for column in zip(*columns, strict=True))
        acc = np.array([_sums(p, corner, tile) for tile in corner.tiles], np.int64)
        yield Case(corner.name, {"code": code, "weight": weight}, {"acc": acc}, settings,
                   {"code": {"description": corner.description}})


def _streamed(
    p: Parameters, corner: Corner, tile: Tile, count: int
) -> tuple[list[int], list[int]]:
    """A tile's digits of codes and of weights, in the order in which they are sent."""
    base, rows = p["base"], p["rows"]
    codes: list[int] = []
    weights: list[int] = []
    for first in range(0, count * rows, rows):
        for weight_place in reversed(range(corner.weight_digits)):
            for column in tile.weights:
                filled = column + [corner.weight_zero_point] * (count * rows - len(column))
                weights += [_digit(w, weight_place, corner.weight_digits, base)
                            for w in filled[first : first + rows]]
            for code_place in reversed(range(corner.code_digits)):
                for token in tile.codes:
                    filled = token + [0] * (count * rows - len(token))
                    codes += [_digit(x, code_place, corner.code_digits, base)
                              for x in filled[first : first + rows]]
    return codes, weights


def _digit(number: int, place: int, digits: int, base: int) -> int:
    """The digit of a place: the highest one takes all that is left, the sign too."""
    left = number >> place * base
    return left if place == digits - 1 else left % (1 << base)


def _sums(p: Parameters, corner: Corner, tile: Tile) -> list[int]:
    """The oracle: products of codes and weights less their zero points, one by one."""
    half = 1 << (p["acc_width"] - 1)
    columns = [[weight - corner.weight_zero_point for weight in column] for column in tile.weights]
    sums = []
    for token in tile.codes:
        codes = [code - corner.code_zero_point for code in token]
        for column in columns:
            total = sum(code * weight for code, weight in zip(codes, column, strict=True))
            sums.append((total + half) % (2 * half) - half)
    return sums


def _spread(low: int, high: int) -> list[int]:
    """All from low to high where these are few, else powers of two and their neighbours."""
    if high - low < _VALUES:
        return [*range(low, high + 1)]
    near = {sign * (1 << n) + step for n in range(9) for step in (-1, 0) for sign in (-1, 1)}
    return sorted(n for n in near | {low, high, 0} if low <= n <= high)

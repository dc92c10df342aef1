"""Bins of the matmul array: products of digits, shapes of tiles, sums on either side."""

from collections.abc import Iterator, Mapping

import numpy as np

from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.coverage.points import Point, unlike_lanes

Samples = Mapping[str, np.ndarray]

_FEW_BITS = 4  # of a code, up to which every product is a bin
_SHORT = 5  # tokens, up to which every number is a bin


class Tiles:
    """The digits of consecutive tiles of one configuration, in the places that they are for."""

    def __init__(self, instance: Instance) -> None:
        self.lanes, self.rows = instance.lanes, instance.parameters["rows"]

    def shape(self, s: Samples) -> tuple[int, ...]:
        names = "k_tiles", "weight_digits", "code_digits", "tokens"
        return tuple(int(s[f"c.{name}"][0, 0]) for name in names)

    def codes(self, s: Samples) -> np.ndarray:
        """int[tiles, k_tiles, weight_digits, code_digits, tokens, 1, rows]"""
        return s["i.code"].reshape(-1, *self.shape(s), 1, self.rows)

    def weights(self, s: Samples) -> np.ndarray:
        """int[tiles, k_tiles, weight_digits, 1, 1, lanes, rows]"""
        k_tiles, digits, *_ = self.shape(s)
        return s["i_weight.weight"].reshape(-1, k_tiles, digits, 1, 1, self.lanes, self.rows)


def bins(instance: Instance) -> Iterator[Point]:
    """Products, shapes of tiles, signs and ends of the accumulators, lanes that differ."""
    p, tiles = instance.parameters, Tiles(instance)
    yield _products(instance, tiles)
    kinds = {
        2 * c + w: f"{c} of a code, {w} of a weight" for c in (1, 2) for w in (1, 2)
    }
    yield Point("digits", kinds, lambda s: 2 * s["c.code_digits"] + s["c.weight_digits"])
    depth = p["depth"]
    numbers = sorted({*range(1, min(_SHORT, depth) + 1), depth})
    yield Point("tokens", {n: str(n) for n in numbers}, lambda s: s["c.tokens"])
    yield Point("inner dimension", {0: "one tile", 1: "several tiles"},
                lambda s: np.minimum(s["c.k_tiles"] - 1, 1))
    signs = {-1: "below zero", 0: "zero", 1: "above zero"}
    if p["weights"] == "codes":
        top = 1 << 2 * p["base"]
        ends = {0: "0", 1 << p["base"]: "the largest of one digit", top: "the largest"}
        yield Point("zero point of the weights", ends, lambda s: s["c.weight_zero_point"])
        yield Point("zero point of the codes", signs, lambda s: np.sign(s["c.code_zero_point"]))
    yield Point("accumulator", signs, lambda s: np.sign(s["o.acc"]))
    yield unlike_lanes(*instance.sinks)


def _products(instance: Instance, tiles: Tiles) -> Point:
    """Of all digits where these are few, else of the largest code and the ends of a weight."""
    code, weight = instance.fields["code"], instance.fields["weight"]
    low, high = weight.range
    step = 1 << 2 * weight.width

    def key(s: Samples) -> np.ndarray:
        return np.unique(tiles.codes(s) * step + tiles.weights(s) - low)

    few = code.width <= _FEW_BITS
    codes = range(code.range[1] + 1) if few else (0, code.range[1])
    weights = range(low, high + 1) if few else (low, 0, high)
    pairs = {c * step + w - low: f"{c} times {w}" for c in codes for w in weights}
    return Point("product", pairs, key)

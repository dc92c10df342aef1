"""Softmax quantizer: what its rows, sums and thresholds must have met."""

from collections.abc import Iterator, Mapping

import numpy as np

from vit2rtl.golden.arithmetic import softmax
from vit2rtl.golden.arithmetic.integers import bit_length
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.softmax_quantizer import LEAST_THRESHOLD, parameters_of
from vit2rtl.sim.coverage.points import NONE, Point, unlike_lanes
from vit2rtl.sim.units.codes import code_bins

Samples = Mapping[str, np.ndarray]
# Codes up to this one are met whatever the parameters, by thresholds in many units.
_CODES = 15


def bins(instance: Instance) -> Iterator[Point]:
    """Codes, masks, maxima, lengths; settings at their ends; thresholds met, and what is below."""
    p, fields = instance.parameters, instance.fields
    last = fields["code"].range[1]
    several = p["tokens"] > 1
    yield Point("code", code_bins(instance, {*range(min(last, _CODES) + 1), last}),
                lambda s: s["o.code"])
    yield Point("tokens", {1: "one"} | ({p["tokens"]: "as many as there may be"}),
                lambda s: np.array([s["i.logit"].shape[1] // p["lanes"]]))
    if several:
        yield _maxima(instance)
    yield _masks(instance, several)
    yield Point("shift", {n: str(n) for n in range(1, 48)}, lambda s: s["c.shift"])
    most = fields["multiplier"].range[1]
    yield Point("multiplier", {0: "0", 1: "1", most: "largest"}, lambda s: s["c.multiplier"])
    yield _thresholds(instance)
    units = fields["threshold_shift"]
    yield Point("unit of thresholds", {0: "1", softmax.THRESHOLD_SHIFT: "least"},
                lambda s: s[f"c.{units.name}"])
    yield from _products(instance, several)
    yield unlike_lanes(*instance.sinks)


def _queries(instance: Instance, s: Samples) -> np.ndarray:
    """int64[rows, lanes, tokens]"""
    logit = s["i.logit"]
    return logit.reshape(len(logit), -1, instance.lanes).swapaxes(1, 2)


def _maxima(instance: Instance) -> Point:
    places = {0: "in the first token", 1: "in the last one", 2: "in several"}

    def key(s: Samples) -> np.ndarray:
        logit = _queries(instance, s)
        largest = logit == logit.max(axis=2, keepdims=True)
        count = largest.sum(axis=2)
        alone = logit.shape[2] > 1
        return np.stack([
            np.where(largest[..., 0] & (count == 1) & alone, 0, NONE),
            np.where(largest[..., -1] & (count == 1) & alone, 1, NONE),
            np.where(count > 1, 2, NONE),
        ])

    return Point("maximum", places, key)


def _masks(instance: Instance, several: bool) -> Point:
    kinds = {0: "no logit", 2: "all logits"} | ({1: "some logits"} if several else {})
    masked = instance.fields["logit"].range[0]

    def key(s: Samples) -> np.ndarray:
        are = _queries(instance, s) == masked
        return np.where(are.all(axis=2), 2, are.any(axis=2))

    return Point("masked", kinds, key)


def _thresholds(instance: Instance) -> Point:
    most = instance.fields["threshold_a"].range[1]

    def key(s: Samples) -> np.ndarray:
        a, b = s["c.threshold_a"], s["c.threshold_b"]
        kinds = (b == LEAST_THRESHOLD, a == most, a == b, a == 2 * b)
        return np.stack([np.where(kind, n, NONE) for n, kind in enumerate(kinds)])

    return Point("thresholds", dict(enumerate(("least", "largest", "equal", "a twice b"))), key)


def _products(instance: Instance, several: bool) -> Iterator[Point]:
    """Sums times thresholds: what of them is below every mantissa, and exponentials beside them."""
    p = instance.parameters
    last = instance.fields["code"].range[1]

    def exponentials(s: Samples) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        settings = {f.name: s[f"c.{f.name}"].flat[0] for f in instance.configuration}
        logit = _queries(instance, s)
        rows = logit.reshape(-1, logit.shape[2])
        mantissas, octaves = softmax.exponentials(rows, parameters_of(p, settings))
        totals = (mantissas >> octaves).sum(axis=1, keepdims=True)
        pair = [settings["threshold_a"], settings["threshold_b"]]
        return mantissas, octaves, np.stack([totals * int(threshold) for threshold in pair])

    def below(s: Samples) -> np.ndarray:
        _, _, products = exponentials(s)
        rest = products & 2 * LEAST_THRESHOLD - 1
        one = (rest != 0) & (rest & rest - 1 == 0)
        return np.where(products == 0, NONE, np.where(rest == 0, 0, np.where(one, 1, 2)))

    def met(s: Samples) -> np.ndarray:
        mantissas, octaves, products = exponentials(s)
        zero = (mantissas == 0) | (products == 0)
        left, right = _odd(mantissas), _odd(products)
        j = right[1] + octaves - left[1] - int(s["c.threshold_shift"].flat[0])
        kind = np.arange(2)[:, np.newaxis, np.newaxis]
        holds = ~zero & (left[0] == right[0]) & (j >= 0) & (2 * j + kind < last)
        return np.where(holds, kind, NONE)

    yield Point("below a product's mantissa", {0: "no bit", 1: "one bit", 2: "several"}, below)
    yield Point("threshold met exactly", {0: "of even codes", 1: "of odd codes"}, met)
    octaves = {0: "none"} | ({softmax.OCTAVES: "all that are counted"} if several else {})
    yield Point("octaves", octaves, lambda s: exponentials(s)[1])


def _odd(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Odd factor and power of two of positive numbers; zeros as they come."""
    lowest = np.maximum(values & -values, 1)
    return values // lowest, bit_length(lowest) - 1

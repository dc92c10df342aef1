# amaranth: UnusedElaboratable=no
"""The log√2 quantizer equals golden: exhaustively where small, at every threshold where not."""

import math

import numpy as np
import pytest

from vit2rtl.golden.arithmetic.log_sqrt2 import ZERO_CODES, thresholds
from vit2rtl.rtl import LogSqrt2Quantizer


def legal_pairs(width):
    """Every pair of thresholds ``0 < b <= a <= 2 * b`` of that many bits."""
    top = (1 << width) - 1
    return [(a, b) for b in range(1, top + 1) for a in range(b, min(2 * b, top) + 1)]


def sampled_pairs(width, seed):
    """The corners of the legal pairs, those of a few scales, and random ones of every size."""
    rng = np.random.default_rng(seed)
    top, half = (1 << width) - 1, 1 << (width - 1)
    pairs = {(1, 1), (2, 1), (2, 2), (3, 2), (top, half), (top, top), (half, half)}
    pairs |= {(half, half // 2), (half + 1, half // 2 + 1), (half + 2, half // 2 + 1)}
    pairs |= {thresholds(scale, width=width) for scale in (1.0, 0.37, 2.0**-6)}
    for _ in range(4):
        b = 1 + (int(rng.integers(top)) >> int(rng.integers(width)))
        pairs.add((int(rng.integers(b, min(2 * b, top), endpoint=True)), b))
    return sorted(pairs)


def cases(probabilities, pairs):
    for a, b in pairs:
        yield {"probability": probabilities}, {"threshold_a": a, "threshold_b": b}


def around_thresholds(a, b, width, count):
    """Each probability next to a decision threshold, the extremes, and random ones to fill up."""
    rng = np.random.default_rng(a + b)
    levels = [-(-t >> j) + d for t in (a, b) for j in range(width) for d in (-1, 0)]
    edges = [0, 1, 2, (1 << width) - 1, (1 << (width - 1)), *levels]
    p = np.unique(np.clip(edges, 0, (1 << width) - 1))
    scattered = rng.integers(0, 1 << width, max(count - len(p), 0))
    return np.concatenate([p, scattered >> rng.integers(0, width, len(scattered))])[:count]


@pytest.mark.parametrize("zero_code", ZERO_CODES)
@pytest.mark.parametrize("bits", [2, 3, 4, 5])
@pytest.mark.parametrize("width", [3, 4])
def test_matches_golden_for_every_probability_and_every_pair(bench, width, bits, zero_code):
    """A pair of thresholds only changes when all is out."""
    dut = LogSqrt2Quantizer(lanes=1 << width, bits=bits, width=width, zero_code=zero_code)
    bench.assert_matches_golden(dut, *cases(np.arange(1 << width), legal_pairs(width)))


@pytest.mark.parametrize("zero_code", ZERO_CODES)
@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("width", [8, 9, 10])
def test_matches_golden_for_every_probability(bench, width, bits, zero_code):
    dut = LogSqrt2Quantizer(lanes=16, bits=bits, width=width, zero_code=zero_code)
    pairs = sampled_pairs(width, seed=100 * width + bits)
    bench.assert_matches_golden(dut, *cases(np.arange(1 << width), pairs))


@pytest.mark.parametrize("width", [3, 5, 7, 12, 16, 17, 24, 32])
@pytest.mark.parametrize("bits", [2, 4, 5, 8])
def test_matches_golden_at_every_threshold(bench, bits, width):
    dut = LogSqrt2Quantizer(lanes=4, bits=bits, width=width, zero_code="extra")
    pairs = sampled_pairs(width, seed=bits)
    around = ((around_thresholds(a, b, width, 160), (a, b)) for a, b in pairs)
    bench.assert_matches_golden(dut, *(next(cases(p, [pair])) for p, pair in around))


def test_zero_gets_the_last_code(bench):
    for zero_code, last in (("top", 255), ("extra", 256), ("none", 255)):
        dut = LogSqrt2Quantizer(lanes=1, bits=8, width=16, zero_code=zero_code)
        configuration = {"threshold_a": 55109, "threshold_b": 38968}
        (seen,) = bench.simulate(dut, ({"probability": np.array([0, 1])}, configuration))
        assert seen["code"].tolist() == [last, 32]


@pytest.mark.parametrize(
    ("bits", "width", "zero_code", "cycles"),
    [
        (2, 16, "top", 2),
        (4, 16, "top", 4),
        (4, 16, "extra", 4),
        (8, 16, "none", 5),
        (4, 4, "none", 3),
        (2, 3, "extra", 2),
        (8, 3, "extra", 3),
        (8, 12, "none", 5),
        (8, 32, "top", 6),
    ],
)
def test_latency_is_as_documented(bits, width, zero_code, cycles):
    dut = LogSqrt2Quantizer(lanes=1, bits=bits, width=width, zero_code=zero_code)
    assert dut.latency == cycles == min(bits, math.ceil(math.log2(width)) + 1)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"bits": 1}, "Bits must be between 2 and 8, not 1"),
        ({"width": 2}, "Width must be between 3 and 32, not 2"),
        ({"lanes": 65}, "Lanes must be between 1 and 64, not 65"),
    ],
)
def test_rejects(parameters, text):
    with pytest.raises(ValueError) as caught:
        LogSqrt2Quantizer(**parameters)
    assert str(caught.value) == text

# amaranth: UnusedElaboratable=no
"""The log√2 quantizer equals golden: exhaustively where small, at every threshold where not."""

import math
from itertools import pairwise

import numpy as np
import pytest

from vit2rtl.golden.log_sqrt2 import ZERO_CODES, thresholds
from vit2rtl.rtl import LogSqrt2Quantizer
from vit2rtl.rtl.log_sqrt2_quantizer import search_steps


def around_thresholds(a, b, width, count):
    """Each probability next to a decision threshold, the extremes, and random ones to fill up."""
    rng = np.random.default_rng(a + b)
    levels = [-(-t >> j) + d for t in (a, b) for j in range(width) for d in (-1, 0)]
    edges = [0, 1, 2, (1 << width) - 1, (1 << (width - 1)), *levels]
    p = np.unique(np.clip(edges, 0, (1 << width) - 1))
    scattered = rng.integers(0, 1 << width, max(count - len(p), 0))
    return np.concatenate([p, scattered >> rng.integers(0, width, len(scattered))])[:count]


@pytest.mark.parametrize("zero_code", ZERO_CODES)
@pytest.mark.parametrize("bits", [2, 3, 4])
def test_matches_golden_for_every_probability_and_every_pair_of_thresholds(bench, bits, zero_code):
    """4-bit probabilities: 16 of them and 120 pairs, a pair only changing when all is out."""
    dut = LogSqrt2Quantizer(lanes=16, bits=bits, width=4, zero_code=zero_code)
    probability = np.arange(16)
    pairs = [{"threshold_a": a, "threshold_b": b} for a in range(1, 16) for b in range(1, a + 1)]
    bench.assert_matches_golden(dut, *(({"probability": probability}, pair) for pair in pairs))


@pytest.mark.parametrize("zero_code", ZERO_CODES)
@pytest.mark.parametrize("bits", range(2, 9))
def test_matches_golden_for_every_8_bit_probability(bench, bits, zero_code):
    pairs = [thresholds(scale, width=8) for scale in (1.0, 0.37, 2**-6)]
    dut = LogSqrt2Quantizer(lanes=8, bits=bits, width=8, zero_code=zero_code)
    cases = (
        ({"probability": np.arange(256)}, {"threshold_a": a, "threshold_b": b}) for a, b in pairs
    )
    bench.assert_matches_golden(dut, *cases)


@pytest.mark.parametrize("width", [2, 3, 5, 12, 16, 17, 24, 32])
@pytest.mark.parametrize("bits", [2, 4, 5, 8])
def test_matches_golden_at_every_threshold(bench, bits, width):
    top = (1 << width) - 1
    pairs = [thresholds(1.0, width=width), thresholds(0.0123, width=width), (top, 1), (top, top)]
    pairs += [(1, 1), (top, max(top // 11, 1))]
    dut = LogSqrt2Quantizer(lanes=4, bits=bits, width=width, zero_code="extra")
    cases = (
        (
            {"probability": around_thresholds(a, b, width, 160)},
            {"threshold_a": a, "threshold_b": b},
        )
        for a, b in pairs
        if a <= top
    )
    bench.assert_matches_golden(dut, *cases)


def test_zero_gets_the_last_code(bench):
    for zero_code, last in (("top", 255), ("extra", 256), ("none", 255)):
        dut = LogSqrt2Quantizer(lanes=1, bits=8, width=16, zero_code=zero_code)
        configuration = {"threshold_a": 55109, "threshold_b": 38968}
        (seen,) = bench.simulate(dut, ({"probability": np.array([0, 1])}, configuration))
        assert seen["code"].tolist() == [last, 32]


@pytest.mark.parametrize("count", range(1, 33))
def test_search_steps_reach_every_count(count):
    steps = search_steps(count)
    assert sum(steps) == count
    assert steps == sorted(steps, reverse=True)
    reachable = {0}
    for step in steps:
        reachable |= {r + step for r in reachable}
    assert reachable == set(range(count + 1))
    assert all(b <= a for a, b in pairwise(steps))


@pytest.mark.parametrize(
    ("bits", "width", "zero_code", "cycles"),
    [
        (2, 16, "top", 2),
        (4, 16, "top", 4),
        (4, 16, "extra", 4),
        (8, 16, "none", 5),
        (8, 12, "none", 5),
        (8, 32, "top", 6),
    ],
)
def test_latency_is_as_documented(bits, width, zero_code, cycles):
    dut = LogSqrt2Quantizer(lanes=1, bits=bits, width=width, zero_code=zero_code)
    assert dut.latency == cycles == math.ceil(math.log2(min(2 ** (bits - 1), width))) + 1


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"bits": 1}, "Bits must be between 2 and 8, not 1"),
        ({"width": 1}, "Width must be between 2 and 32, not 1"),
        ({"lanes": 65}, "Lanes must be between 1 and 64, not 65"),
        (
            {"shift_base": 1},
            "LogSqrt2Quantizer has no parameter 'shift_base'; it has lanes, bits, width, zero_code",
        ),
    ],
)
def test_rejects(parameters, text):
    with pytest.raises(ValueError) as caught:
        LogSqrt2Quantizer(**parameters)
    assert str(caught.value) == text

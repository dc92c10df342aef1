# amaranth: UnusedElaboratable=no
"""The requantizer equals golden: extremes, ties, both saturations, every width."""

from itertools import product

import numpy as np
import pytest

from vit2rtl.rtl import Requantizer


def zero_points(dut):
    low, high = dut.instance.configuration[-1].range
    return sorted({low, -1, 0, high // 2, high})


def stimulus(dut, base, rng, count=120):
    """Extremes of every field crossed, exact ties and their neighbours, values near the codes."""
    p = dut.instance.parameters
    ranges = {f.name: f.range for f in dut.instance.inputs}
    low, high = max(ranges["acc"][0], 1 - 2**31), ranges["acc"][1]
    top, widest = ranges["multiplier"][1], ranges.get("shift", (0, 0))[1]
    crossed = list(product((low, high, -1, 0, 1), (0, 1, top), (0, widest)))

    shift = rng.integers(0, widest, count, endpoint=True)
    target = rng.integers(-(2 ** p["bits"]), 2 ** (p["bits"] + 1), count)
    multiplier = rng.integers(1, top, count, endpoint=True)
    # acc * 1 with acc an odd multiple of half a unit is a tie; with one more or less it is none.
    multiplier[: count // 3] = 1
    half = np.int64(1) << (base + shift - 1)
    wanted = (2 * target + 1) * half + rng.integers(-1, 2, count)
    acc = np.clip(wanted // multiplier, low, high)
    scattered = rng.integers(low, high, count // 3, endpoint=True)
    acc[-(count // 3) :] = scattered >> rng.integers(0, p["acc_width"], count // 3)

    columns = np.array(crossed).T
    inputs = {
        "acc": np.concatenate([columns[0], acc]),
        "multiplier": np.concatenate([columns[1], multiplier]),
        "shift": np.concatenate([columns[2], shift]),
    }
    size = len(inputs["acc"]) // dut.instance.lanes * dut.instance.lanes
    return {name: inputs[name][:size] for name in ranges}


def check(bench, base, **parameters):
    dut = Requantizer(lanes=3, **parameters)
    rng = np.random.default_rng(base)
    run_time = {} if dut.instance.parameters["shift_base"] else {"shift_base": base}
    cases = (
        (stimulus(dut, base, rng), {"zero_point": zero_point, **run_time})
        for zero_point in zero_points(dut)
    )
    bench.assert_matches_golden(dut, *cases)


@pytest.mark.parametrize("bits", range(2, 17))
def test_every_output_width(bench, bits):
    check(bench, 24, bits=bits, shift_base=24)


@pytest.mark.parametrize("base", [1, 2, 9, 16, 23, 31, 40])
@pytest.mark.parametrize("constant", [True, False], ids=["constant", "run-time"])
def test_every_kind_of_shift_base(bench, constant, base):
    check(bench, base, bits=8, shift_base=base if constant else 0)


@pytest.mark.parametrize("shift_width", [0, 1, 2, 3])
@pytest.mark.parametrize("shift_base", [0, 20])
def test_every_shift_width(bench, shift_base, shift_width):
    check(bench, 20, shift_base=shift_base, shift_width=shift_width)


@pytest.mark.parametrize(
    ("acc_width", "multiplier_width"),
    [(2, 2), (2, 18), (9, 5), (18, 16), (18, 18), (19, 17), (27, 16), (32, 2), (32, 18)],
)
def test_every_kind_of_product(bench, acc_width, multiplier_width):
    widths = {"acc_width": acc_width, "multiplier_width": multiplier_width}
    for base in (1, max(1, acc_width + multiplier_width - 10)):
        check(bench, base, **widths)
        check(bench, base, **widths, shift_base=base)


def test_constant_base_beyond_the_product(bench):
    check(bench, 40, acc_width=2, multiplier_width=2, shift_base=40)


@pytest.mark.parametrize("zero_point_width", [1, 2, 4, 9, 17, 32])
@pytest.mark.parametrize("bits", [2, 8])
def test_every_zero_point_width(bench, bits, zero_point_width):
    check(bench, 12, bits=bits, zero_point_width=zero_point_width, shift_base=12)


def test_longest_run_time_shift(bench):
    dut = Requantizer(lanes=1, acc_width=32, multiplier_width=18, shift_width=0)
    inputs = {"acc": np.array([2**31 - 1, 1 - 2**31, 0]), "multiplier": np.full(3, 2**18 - 1)}
    bench.assert_matches_golden(dut, (inputs, {"zero_point": 4, "shift_base": 47}))


def test_small_requantizer_exhaustively(bench):
    """5-bit accumulator, 3-bit multiplier, two shifts, 2-bit codes, every zero point."""
    every = np.array(list(product(range(-16, 16), range(8), range(2)))).T
    inputs = dict(zip(("acc", "multiplier", "shift"), every, strict=True))
    for base in (1, 3):
        dut = Requantizer(
            lanes=8, bits=2, acc_width=5, multiplier_width=3, shift_width=1, shift_base=base
        )
        cases = ((inputs, {"zero_point": zero_point}) for zero_point in range(-4, 4))
        bench.assert_matches_golden(dut, *cases)


def test_ties_round_up(bench):
    """±1/2, ±3/2: half goes towards plus infinity, and the zero point comes after the rounding."""
    dut = Requantizer(lanes=1, acc_width=8, multiplier_width=2, shift_base=1, shift_width=0)
    inputs = {"acc": np.array([-3, -1, 1, 3]), "multiplier": np.ones(4, int)}
    (seen,) = bench.simulate(dut, (inputs, {"zero_point": 8}))
    assert seen["code"].tolist() == [7, 8, 9, 10]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"bits": 17}, "Bits must be between 2 and 16, not 17"),
        ({"acc_width": 33}, "Acc width must be between 2 and 32, not 33"),
        ({"multiplier_width": 1}, "Multiplier width must be between 2 and 18, not 1"),
        ({"shift_base": 41}, "Shift base must be between 0 and 40, not 41"),
        ({"shift_width": 4}, "Shift width must be between 0 and 3, not 4"),
        ({"zero_point_width": 33}, "Zero point width must be between 0 and 32, not 33"),
    ],
)
def test_rejects(parameters, text):
    with pytest.raises(ValueError) as caught:
        Requantizer(**parameters)
    assert str(caught.value) == text

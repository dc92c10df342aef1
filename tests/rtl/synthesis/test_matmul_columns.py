# amaranth: UnusedElaboratable=no
"""Columns that the table of areas compares have the sums of golden, with every form of them."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from vit2rtl.golden.arithmetic.matmul import product, wrapped
from vit2rtl.rtl.synthesis.comparisons import find
from vit2rtl.rtl.synthesis.references.matmul_array import ACC_WIDTH, BASE, DESIGNS, ROWS
from vit2rtl.rtl.synthesis.table import committed
from vit2rtl.rtl.units.matmul_array.dot_array import DotArray

TOP = (1 << BASE) - 1


def operands(weights):
    """What the column is given: weights, three times them, or less what the row above borrows."""
    lent = weights.copy()
    lent[::2] -= weights[1::2] < 0
    return [{"value": int(w), "triple": 3 * int(w), "lent": int(less)}
            for w, less in zip(weights, lent, strict=True)]


@pytest.mark.parametrize("name", DESIGNS)
def test_sums_are_those_of_golden(name):
    dut = DESIGNS[name][0]()
    column, rng = dut.column, np.random.default_rng(3)
    weights = rng.integers(-TOP - 1, TOP, ROWS, endpoint=True)
    weights[::3] = -TOP - 1
    codes = rng.integers(0, TOP, (12, ROWS), endpoint=True)
    codes[0], codes[1] = TOP, 0
    digits, kept = rng.integers(0, 3, 12), rng.integers(-1 << 19, 1 << 19, 12)
    latency = DotArray.latency([column], rows=ROWS, base=BASE, correction=False)
    seen = []

    async def testbench(ctx):
        for place, operand in enumerate(operands(weights)):
            for part in column.stored(BASE).members:
                ctx.set(getattr(dut.operand[place], part), operand[part])
        ctx.set(dut.load, 1)
        await ctx.tick()
        ctx.set(dut.load, 0)
        for cycle in range(len(codes) + latency + 1):
            taken = cycle < len(codes)
            ctx.set(dut.valid, taken)
            ctx.set(dut.swap, cycle == 0)
            ctx.set(dut.digits, int(digits[cycle]) if taken else 0)
            ctx.set(dut.code, codes[cycle].tolist() if taken else [0] * ROWS)
            adds = cycle - latency
            ctx.set(dut.adds, adds >= 0)
            ctx.set(dut.kept, int(kept[max(adds, 0) % len(codes)]))
            await ctx.tick()
            if adds >= 0:
                seen.append(ctx.get(dut.total))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    sums = (product(codes, weights).astype(np.int64) << BASE * digits) + kept
    np.testing.assert_array_equal(seen[: len(codes)], wrapped(sums, ACC_WIDTH))


@pytest.mark.parametrize(("name", "comb", "mult18", "luts", "mhz"), [
    ("mac_column_lut", 48, 0, 27, 180),
    ("mac_column_packed", 18, 0.5, 15, 125),
])
def test_a_lane_is_as_small_and_fast_as_it_should_be(name, comb, mult18, luts, mhz):
    ecp5, xcup = (find(committed(), name, device) for device in ("ecp5", "xcup"))
    assert ecp5["cells"]["COMB"] <= comb * ROWS
    assert ecp5["cells"]["MULT18"] == mult18 * ROWS
    assert xcup["cells"]["LUT"] <= luts * ROWS
    assert ecp5["fmax_mhz"] >= mhz

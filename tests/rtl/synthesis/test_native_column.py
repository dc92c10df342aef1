# amaranth: UnusedElaboratable=no
"""Columns of W × A bits have the sums of plain integers, across a change of operands."""

import pytest
from amaranth.sim import Simulator

from tests.every import EVERY
from vit2rtl.rtl.synthesis.native_column import NativeColumn

WIDTHS = range(2, 9)
ALL = [(w, a) for w in WIDTHS for a in WIDTHS]


@pytest.mark.parametrize("rows", [8, 16] if EVERY else [8])
@pytest.mark.parametrize(("weights", "activations"), ALL if EVERY else [(2, 3), (4, 4), (7, 5)])
def test_sums_are_those_of_plain_integers(weights, activations, rows):
    dut = NativeColumn(rows=rows, weights=weights, activations=activations)
    top, most = (1 << activations) - 1, 1 << weights
    # Extremes in both operand sets, then all kinds of values.
    operands = [[-most] * rows, [(5 * n - 1) % (2 * most) - most for n in range(rows)]]
    codes = [[top] * rows, [0] * rows, *([(5 * t + 3 * n) & top for n in range(rows)]
                                         for t in range(6))]
    beats = [(which, row) for which in range(2) for row in codes]
    kept = [(-1) ** n * (1 << n) for n in range(len(beats))]
    seen = []

    async def testbench(ctx):
        for cycle in range(-2, len(beats) + dut.cycles):
            offered = 0 <= cycle < len(beats)
            # The second set loads while the first one is at work.
            loads = {-2: 0, 3: 1}.get(cycle)
            ctx.set(dut.load, loads is not None)
            if loads is not None:
                for place, value in enumerate(operands[loads]):
                    ctx.set(dut.operand[place].value, value)
                    ctx.set(dut.operand[place].triple, 3 * value)
            ctx.set(dut.valid, offered)
            ctx.set(dut.swap, cycle in (0, len(codes)))
            if offered:
                ctx.set(dut.code, beats[cycle][1])
            adds = cycle - dut.cycles + 1
            ctx.set(dut.adds, adds >= 0)
            ctx.set(dut.kept, kept[adds] if 0 <= adds < len(kept) else 0)
            await ctx.tick()
            if 0 <= adds < len(beats):
                seen.append(ctx.get(dut.total))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == [sum(c * w for c, w in zip(row, operands[which], strict=True)) + kept[n]
                    for n, (which, row) in enumerate(beats)]

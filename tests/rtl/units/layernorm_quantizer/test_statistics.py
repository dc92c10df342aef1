# amaranth: UnusedElaboratable=no
"""Sums of rows: elements beyond the row, rows that follow each other, results that wait."""

import numpy as np
import pytest

from tests.clocked import run
from vit2rtl.rtl.units.layernorm_quantizer.budget import Budget
from vit2rtl.rtl.units.layernorm_quantizer.statistics import LayerNormStatistics

from .rows import beats


@pytest.mark.parametrize(("lanes", "columns"), [(1, 5), (3, 7), (4, 8), (5, 3)])
@pytest.mark.parametrize("stall", [0, 70])
def test_rows_one_after_the_other(lanes, columns, stall):
    rng = np.random.default_rng(lanes)
    rows = rng.integers(-(1 << 15), 1 << 15, (6, columns)).tolist()
    rows[1], rows[2] = [-(1 << 15)] * columns, [(1 << 15) - 1] * columns
    want = [(sum(row), sum(x * x for x in row)) for row in rows]
    dut, results, taken, first = LayerNormStatistics(Budget(16, 192), lanes), [], [], []

    async def scenario(ctx, domain):
        ctx.set(dut.columns, columns)
        pending = list(beats(rows, lanes))
        for cycle in range(20 * len(pending) + 200):
            ctx.set(dut.i.valid, bool(pending))
            if pending:
                ctx.set(dut.i.p.last, pending[0][1])
                for lane, element in enumerate(pending[0][0]):
                    ctx.set(dut.i.p.elements[lane], element)
            ready = bool(rng.integers(100) >= stall)
            ctx.set(dut.o.ready, ready)
            if ctx.get(dut.o.valid):
                first.append(cycle)
                if ready:
                    results.append((ctx.get(dut.o.p.total), ctx.get(dut.o.p.squares)))
            if pending and ctx.get(dut.i.ready):
                taken.append(cycle)
                pending.pop(0)
            await ctx.tick()

    run(dut, scenario)
    assert results == want
    assert first[0] == taken[-(-columns // lanes) - 1] + dut.cycles(lanes)

# amaranth: UnusedElaboratable=no
"""The serial root equals golden for seeds and lengths of a variance, in 30 cycles a row."""

import numpy as np
import pytest

from tests.clocked import run
from vit2rtl.golden.arithmetic.layernorm import reciprocal_sqrt
from vit2rtl.rtl.units.layernorm_quantizer.budget import Budget
from vit2rtl.rtl.units.layernorm_quantizer.root import ReciprocalRoot


def roots(budget, sums, *, columns, shift, epsilon, wait=0):
    """(factor, mean, amount) of each pair of sums, and the cycle in which it was offered."""
    dut = ReciprocalRoot(budget)
    results, cycles = [], []

    async def scenario(ctx, domain):
        for name, value in (("columns", columns), ("shift", shift), ("epsilon", epsilon)):
            ctx.set(getattr(dut, name), value)
        pending, waited = list(sums), 0
        for cycle in range(len(sums) * (40 + wait)):
            ctx.set(dut.i.valid, bool(pending))
            if pending:
                ctx.set(dut.i.p.total, pending[0][0])
                ctx.set(dut.i.p.squares, pending[0][1])
            waited = waited + 1 if ctx.get(dut.o.valid) else 0
            ready = waited > wait
            ctx.set(dut.o.ready, ready)
            if ready:
                o, waited = dut.o.p, 0
                results.append((ctx.get(o.factor), ctx.get(o.mean), ctx.get(o.amount)))
                cycles.append(cycle)
            if ctx.get(dut.i.ready) and pending:
                pending.pop(0)
            await ctx.tick()

    run(dut, scenario)
    return results, cycles


def expected(sums, *, columns, shift, epsilon):
    for total, squares in sums:
        r, k = map(int, reciprocal_sqrt(columns * squares - total**2 + epsilon))
        yield columns * r, total * r, min(shift + k - 17, 63)


def test_seeds_at_both_ends_of_their_mantissas():
    budget, setting = Budget(16, 192), {"columns": 1, "shift": 3, "epsilon": 1}
    values = [n << 14 for n in range(64, 256, 4)] + [(n << 14) - 1 for n in range(66, 257, 4)]
    sums = [(0, value - 1) for value in values]
    results, cycles = roots(budget, sums, **setting)
    assert results == list(expected(sums, **setting))
    assert cycles == [31 + 30 * n for n in range(len(sums))]


@pytest.mark.parametrize(("width", "channels"), [(16, 192), (16, 8192), (4, 2)])
def test_every_length_and_the_ends_of_sums(width, channels):
    budget = Budget(width, channels)
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    top = 1 << budget.epsilon.width
    for columns, shift, epsilon in ((channels, 0, 1), (channels, 47, top - 1), (1, 20, top >> 1)):
        rows = [(columns * x, columns * x * x) for x in (low, high, 0)]
        half = columns // 2
        rows += [(half * low + (columns - half) * high, half * low**2 + (columns - half) * high**2)]
        if columns == 1:
            widest = budget.squares.width
            rows += [(0, min((1 << n) + d, (1 << widest) - 1))
                     for n in range(0, widest, 3) for d in (-1, 0)]
        setting = {"columns": columns, "shift": shift, "epsilon": epsilon}
        results, _ = roots(budget, rows, **setting)
        assert results == list(expected(rows, **setting))


def test_results_that_wait_are_kept():
    budget, setting = Budget(16, 192), {"columns": 192, "shift": 13, "epsilon": 77}
    rng = np.random.default_rng(0)
    sums = [(int(t), int(t * t // 192 + s)) for t, s in zip(
        rng.integers(-(1 << 22), 1 << 22, 5), rng.integers(0, 1 << 34, 5), strict=True)]
    for wait in (1, 29, 30, 44):
        results, cycles = roots(budget, sums, **setting, wait=wait)
        assert results == list(expected(sums, **setting))
        assert cycles[-1] - cycles[0] == max(30, wait + 1) * 4

# amaranth: UnusedElaboratable=no
"""The queue: order, how much it holds, and when it gives."""

# amaranth: UnusedElaboratable=no

import numpy as np
import pytest

from tests import clocked
from vit2rtl.rtl.stream.fifo import Fifo


@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (0, 60), (60, 0), (30, 30)])
def test_elements_keep_their_order(idle, stall):
    rng = np.random.default_rng(idle + stall)
    elements = [int(value) for value in rng.integers(1 << 16, size=200)]
    seen = []

    async def scenario(ctx, domain):
        sent = 0
        while len(seen) < len(elements):
            offers = sent < len(elements) and bool(rng.integers(100) >= idle)
            takes = bool(rng.integers(100) >= stall)
            ctx.set(dut.i.valid, offers)
            ctx.set(dut.i.payload, elements[sent] if offers else 0)
            ctx.set(dut.o.ready, takes)
            sent += offers and ctx.get(dut.i.ready)
            if takes and ctx.get(dut.o.valid):
                seen.append(ctx.get(dut.o.payload))
            await ctx.tick()

    dut = Fifo(16, 8)
    clocked.run(dut, scenario)
    assert seen == elements


def test_it_holds_its_depth_and_one_more_and_gives_the_first_after_two_cycles():
    dut = Fifo(8, 4)

    async def scenario(ctx, domain):
        taken = []
        for cycle in range(10):
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, cycle)
            taken.append(ctx.get(dut.i.ready))
            assert ctx.get(dut.o.valid) == (cycle >= 2)
            await ctx.tick()
        assert taken == [1] * 5 + [0] * 5
        ctx.set(dut.i.valid, 0)
        ctx.set(dut.o.ready, 1)
        for element in range(5):  # one a cycle
            assert (ctx.get(dut.o.valid), ctx.get(dut.o.payload)) == (1, element)
            await ctx.tick()
        assert not ctx.get(dut.o.valid)

    clocked.run(dut, scenario)


def test_reset_empties_it():
    dut = Fifo(8, 4)

    async def scenario(ctx, domain):
        ctx.set(dut.i.valid, 1)
        await ctx.tick().repeat(3)
        ctx.set(dut.i.valid, 0)
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)
        for _ in range(4):
            assert not ctx.get(dut.o.valid)
            await ctx.tick()

    clocked.run(dut, scenario)


@pytest.mark.parametrize("depth", [0, 1, 6])
def test_depths_are_powers_of_two(depth):
    with pytest.raises(ValueError, match=f"^Depth must be a power of two above 1, not {depth}$"):
        Fifo(8, depth)

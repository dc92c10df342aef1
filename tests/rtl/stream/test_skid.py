"""The buffer passes everything on, in order, and its ready knows nothing of the other side's."""

import numpy as np

from tests.clocked import run
from vit2rtl.rtl.stream.skid import SkidBuffer


def simulate(scenario):
    dut = SkidBuffer(8)
    run(dut, lambda ctx, _: scenario(ctx, dut))


def test_everything_comes_out_in_order_whoever_waits():
    rng = np.random.default_rng(4)
    sent, seen, held = [], [], []

    async def scenario(ctx, dut):
        offered = False
        while len(seen) < 200:
            offered = offered or rng.random() < 0.6
            ready = rng.random() < 0.6
            ctx.set(dut.i.valid, offered)
            ctx.set(dut.i.payload, len(sent) % 256)
            before = ctx.get(dut.i.ready)
            ctx.set(dut.o.ready, ready)
            assert ctx.get(dut.i.ready) == before
            if ctx.get(dut.o.valid):
                number = ctx.get(dut.o.payload)
                assert not held or held.pop() == number
                if ready:
                    seen.append(number)
                else:
                    held.append(number)
            if offered and before:
                sent.append(len(sent) % 256)
                offered = False
            await ctx.tick()

    simulate(scenario)
    assert seen == sent[:200]


def test_an_element_a_cycle_without_latency():
    async def scenario(ctx, dut):
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.o.ready, 1)
        for number in range(20):
            ctx.set(dut.i.payload, number)
            assert (ctx.get(dut.i.ready), ctx.get(dut.o.valid)) == (1, 1)
            assert ctx.get(dut.o.payload) == number
            await ctx.tick()

    simulate(scenario)

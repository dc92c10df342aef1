"""Units on trial in Amaranth: rows of any length, tables, stalls and reset."""

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from vit2rtl import rtl
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.rtl.verilog import convert


def run(dut, scenario):
    m = Module()
    m.domains.sync = domain = ClockDomain()
    m.submodules.dut = dut

    async def testbench(ctx):
        await scenario(ctx, domain)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def beats(values, lanes):
    """(elements of one beat, last) of every beat of every row; a short one repeats its last."""
    for row in np.atleast_2d(values).tolist():
        padded = row + row[-1:] * (-len(row) % lanes)
        starts = range(0, len(padded), lanes)
        yield from ((padded[n : n + lanes], n == starts[-1]) for n in starts)


async def transfer(ctx, dut, values, count, *, idle=0, stall=0, seed=0):
    """Send ``values`` to ``i`` and take ``count`` beats of ``o``; each side pauses at random."""
    rng = np.random.default_rng(seed)
    (source,), (sink,) = dut.instance.sources, dut.instance.sinks
    (taken_field,), (given_field,) = source.fields, sink.fields
    pending, results, offered, held = list(beats(values, source.lanes)), [], False, None
    for _ in range(4000):
        if len(results) == count and not pending:
            return results
        offered = bool(pending) and (offered or bool(rng.integers(100) >= idle))
        ready = bool(rng.integers(100) >= stall)
        ctx.set(dut.i.valid, offered)
        if offered:
            elements, last = pending[0]
            ctx.set(dut.i.p.last, last)
            for lane, element in enumerate(elements):
                ctx.set(getattr(dut.i.p.lanes[lane], taken_field.name), element)
        ctx.set(dut.o.ready, ready)
        result = None
        if ctx.get(dut.o.valid):
            elements = [dut.o.p.lanes[n] for n in range(sink.lanes)]
            lanes = [ctx.get(getattr(element, given_field.name)) for element in elements]
            result = lanes, ctx.get(dut.o.p.last)
        assert held is None or held == result, "an offer changed under back pressure"
        held = None if ready else result
        if offered and ctx.get(dut.i.ready):
            pending.pop(0)
            offered = False
        if ready and result is not None:
            results.append(result)
        await ctx.tick()
    raise AssertionError(f"{len(results)} of {count} results in 4000 cycles")


async def load(ctx, dut, entries):
    for n, entry in enumerate(entries):
        ctx.set(dut.i_table.valid, 1)
        ctx.set(dut.i_table.p.lanes[0].entry, int(entry))
        ctx.set(dut.i_table.p.last, n == len(entries) - 1)
        await ctx.tick()
    ctx.set(dut.i_table.valid, 0)


@pytest.mark.parametrize("lanes", [1, 2, 3])
@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (50, 0), (0, 60), (40, 40)])
def test_rows_of_any_length(lanes, idle, stall):
    instance = Instance.of("row_maximum", lanes=lanes, width=4)
    dut = rtl.component(instance)

    async def scenario(ctx, domain):
        for record in directed_records(instance):
            want = record["outputs"]["maximum"][:, 0].tolist()
            seen = await transfer(
                ctx, dut, record["inputs"]["value"], len(want), idle=idle, stall=stall
            )
            assert seen == [([value], 1) for value in want]

    run(dut, scenario)


def test_reset_in_the_middle_of_a_row_forgets_it():
    dut = rtl.component(Instance.of("row_maximum", lanes=1, width=4))

    async def scenario(ctx, domain):
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.i.p.lanes[0].value, 7)
        await ctx.tick()
        ctx.set(dut.i.valid, 0)
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)
        assert await transfer(ctx, dut, [[1, 2], [-8, -8]], 2) == [([2], 1), ([-8], 1)]

    run(dut, scenario)


@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (40, 40)])
def test_a_table_serves_until_it_is_loaded_again(idle, stall):
    instance = Instance.of("table_lookup", lanes=2, bits=3, width=4)
    dut = rtl.component(instance)

    async def scenario(ctx, domain):
        for record in directed_records(instance):
            await load(ctx, dut, record["configuration"]["entry"])
            codes, want = record["inputs"]["code"], record["outputs"]["value"]
            seen = await transfer(ctx, dut, codes, -(-len(codes) // 2), idle=idle, stall=stall)
            lanes = [value for elements, _ in seen for value in elements]
            assert lanes[: len(want)] == want.tolist()
            assert [last for _, last in seen] == [0] * (len(seen) - 1) + [1]

    run(dut, scenario)


@pytest.mark.parametrize("name", ["row_maximum", "table_lookup"])
def test_golden_agrees_with_the_directed_cases(name):
    instance = Instance.of(name)
    for record in directed_records(instance):
        golden = instance.evaluate(record["inputs"], record["configuration"])
        for field, want in record["outputs"].items():
            np.testing.assert_array_equal(golden[field], want)


def test_ports_of_the_top_follow_the_streams():
    streams = Instance.of("table_lookup", lanes=2, bits=3).streams
    assert [s.axi for s in streams] == ["s_axis", "s_axis_table", "m_axis"]
    verilog = convert(Instance.of("table_lookup", lanes=2, bits=3, width=4))
    top = verilog["table_lookup_l2_b3_w4_axis.v"]
    for s in streams:
        for port in ("tdata", "tvalid", "tready", "tlast"):
            assert f" {s.axi}_{port};" in top

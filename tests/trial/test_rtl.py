"""Units on trial in Amaranth: rows of any length, tables, stalls and reset."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from tests.clocked import run
from vit2rtl import rtl
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.rtl.stream.axi_stream import AxiStreamTop
from vit2rtl.rtl.verilog import convert
from vit2rtl.rtl.verilog.describe import describe, markdown


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


def test_a_row_is_taken_a_beat_a_cycle_and_answered_as_stated():
    dut = rtl.component(Instance.of("row_maximum", lanes=2, width=4))
    rows = [[1, 2, 3], [4], [-1, -2, -3, -4, -5]]
    ends = np.cumsum([2, 1, 3]) - 1
    offers = []

    async def scenario(ctx, domain):
        ctx.set(dut.o.ready, 1)
        for elements, last in [beat for row in rows for beat in beats(row, 2)] + [([0, 0], 0)]:
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.p.last, last)
            for lane, element in enumerate(elements):
                ctx.set(dut.i.p.lanes[lane].value, element)
            assert ctx.get(dut.i.ready)
            offers.append(ctx.get(dut.o.valid))
            await ctx.tick()

    run(dut, scenario)
    assert [cycle for cycle, offer in enumerate(offers) if offer] == (ends + dut.latency).tolist()


def test_no_stream_of_the_top_moves_in_reset():
    top = AxiStreamTop(Instance.of("table_lookup", lanes=2, bits=2, width=4))

    async def clock(ctx):
        await ctx.delay(1e-7)
        ctx.set(top.aclk, 1)
        await ctx.delay(1e-7)
        ctx.set(top.aclk, 0)

    async def testbench(ctx):
        readies = top.s_axis_tready, top.s_axis_table_tready
        for aresetn in (0, 1):
            ctx.set(top.aresetn, aresetn)
            assert [ctx.get(ready) for ready in readies] == [aresetn] * 2
            ctx.set(top.s_axis_tvalid, 1)
            ctx.set(top.s_axis_table_tvalid, 1)
            ctx.set(top.s_axis_table_tdata, 9 if aresetn else 5)
            await clock(ctx)
            assert ctx.get(top.m_axis_tvalid) == aresetn
        # Entry 0 is what came after the reset: what came in it moved no address and wrote nothing.
        ctx.set(top.s_axis_table_tvalid, 0)
        ctx.set(top.m_axis_tready, 1)
        await clock(ctx)
        assert ctx.get(top.m_axis_tdata) == 0x99
        ctx.set(top.aresetn, 0)
        assert not ctx.get(top.m_axis_tvalid)

    simulator = Simulator(top)
    simulator.add_testbench(testbench)
    simulator.run()


def test_buses_of_the_top_are_named_for_vivado():
    verilog = convert(Instance.of("table_lookup", lanes=2, bits=3))
    top = verilog["table_lookup_l2_b3_axis.v"]
    assert "ASSOCIATED_BUSIF s_axis_table:s_axis:m_axis, ASSOCIATED_RESET aresetn" in top
    for bus, port in (("s_axis_table TDATA", "  input [7:0] s_axis_table_tdata;"),
                      ("m_axis TLAST", "  output m_axis_tlast;")):
        info = f'  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 {bus}" *)\n'
        assert info + port in top


def test_rows_tables_and_roms_are_described():
    description = describe(Instance.of("table_lookup", lanes=2, bits=3))
    orders = [layout.get("order") for layout in description["lanes"].values()]
    table = ("A table: 8 entries in order, last with the last beat, while nothing is inside; "
             "kept until they come again.")
    assert orders == [None, table, None]
    assert f"\n\n{table}\n\n" in markdown(description)
    rows = describe(Instance.of("row_maximum"))["lanes"].values()
    assert {layout["order"] for layout in rows} == {
        "Rows: each begins a beat, last marks its last beat."
    }
    lines = markdown(description | {"roms": {"halves": [1, 2]}}).splitlines()
    assert lines[-4:] == [
        "", "| table    | entries | from entry 0 up |", "| -------- | ------- | --------------- |",
        "| `halves` | 2       | 1, 2            |",
    ]


def test_ports_of_the_top_follow_the_streams():
    streams = Instance.of("table_lookup", lanes=2, bits=3).streams
    assert [s.axi for s in streams] == ["s_axis", "s_axis_table", "m_axis"]
    verilog = convert(Instance.of("table_lookup", lanes=2, bits=3, width=4))
    top = verilog["table_lookup_l2_b3_w4_axis.v"]
    for s in streams:
        for port in ("tdata", "tvalid", "tready", "tlast"):
            assert f" {s.axi}_{port};" in top

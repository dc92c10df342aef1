"""The AXI4-Stream top does what the bare unit does, cycle by cycle."""

from types import SimpleNamespace

import pytest
from amaranth.sim import Simulator

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.stream.axi_stream import AxiStreamTop


def ports(top):
    return SimpleNamespace(
        i_payload=top.s_axis_tdata,
        i_last=top.s_axis_tlast,
        i_valid=top.s_axis_tvalid,
        i_ready=top.s_axis_tready,
        o_payload=top.m_axis_tdata,
        o_last=top.m_axis_tlast,
        o_valid=top.m_axis_tvalid,
        o_ready=top.m_axis_tready,
    )


def run_top(top, scenario):
    """Simulate with ``aclk`` driven by hand: the top brings its own clock domain."""

    async def testbench(ctx):
        async def tick():
            await ctx.delay(1e-7)
            ctx.set(top.aclk, 1)
            await ctx.delay(1e-7)
            ctx.set(top.aclk, 0)

        await scenario(ctx, tick)

    simulator = Simulator(top)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (40, 40)])
def test_equals_the_bare_unit(typical, dut, bench, idle, stall):
    case = typical.beats, typical.configuration
    (bare,) = bench.simulate_beats(dut, case, idle=idle, stall=stall, seed=3)
    top = AxiStreamTop(typical.instance)
    trace = bench.Trace()

    async def scenario(ctx, tick):
        ctx.set(top.aresetn, 1)
        for name, value in typical.configuration.items():
            ctx.set(getattr(top, name), value)
        await bench.drive(
            ctx, ports(top), typical.beats, trace, tick=tick, idle=idle, stall=stall, seed=3
        )

    run_top(top, scenario)
    assert trace == bare
    assert trace.payloads == typical.expected


def test_no_handshake_during_reset_and_nothing_stale_after_it(typical, bench):
    top = AxiStreamTop(typical.instance)
    axis = ports(top)
    trace = bench.Trace()

    async def scenario(ctx, tick):
        for name, value in typical.configuration.items():
            ctx.set(getattr(top, name), value)
        ctx.set(top.aresetn, 1)
        ctx.set(axis.i_valid, 1)
        for beat in typical.beats[:9]:
            ctx.set(axis.i_payload, beat)
            await tick()
        ctx.set(top.aresetn, 0)
        for _ in range(3):
            assert not ctx.get(axis.i_ready)
            assert not ctx.get(axis.o_valid)
            await tick()
        ctx.set(axis.i_valid, 0)
        ctx.set(top.aresetn, 1)
        await bench.drive(ctx, axis, typical.beats[9:], trace, tick=tick)

    run_top(top, scenario)
    assert trace.payloads == typical.expected[9:]


@pytest.mark.parametrize(
    ("unit", "lanes", "s_axis", "m_axis"),
    [
        ("requantizer", 1, 48, 8),
        ("requantizer", 4, 184, 16),
        ("log2_dequantizer", 3, 16, 48),
        ("log_sqrt2_quantizer", 5, 80, 24),
    ],
)
def test_tdata_is_padded_to_whole_bytes(unit, lanes, s_axis, m_axis):
    instance = Instance.of(unit, lanes=lanes)
    assert instance.sources[0].tdata_width == s_axis
    assert instance.sinks[0].tdata_width == m_axis


def test_padding_bits_in_are_ignored_and_out_are_zero(bench):
    """Three 3-bit probabilities in 16 bits of TDATA, three 4-bit codes in 16."""
    top = AxiStreamTop(Instance.of("log_sqrt2_quantizer", lanes=3, width=3))
    trace = bench.Trace()

    async def scenario(ctx, tick):
        ctx.set(top.aresetn, 1)
        ctx.set(top.threshold_a, 3)
        ctx.set(top.threshold_b, 2)
        beats = [0b1111111_001_010_011, 0b1010101_001_010_011]
        await bench.drive(ctx, ports(top), beats, trace, tick=tick)

    run_top(top, scenario)
    assert trace.payloads == [0x310, 0x310]

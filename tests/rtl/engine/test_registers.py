"""Registers over AXI4-Lite: every bit, what writing does, and the two resets."""

import numpy as np
import pytest

from tests import clocked
from tests.rtl.engine.front_end_bench import TINY
from vit2rtl.golden.engine.configuration import SMALL
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import Unit, header
from vit2rtl.rtl.engine.register_map import ADDRESS_WIDTH, ID, register_map
from vit2rtl.rtl.engine.registers import ControlRegisters

OFFSETS = {register.name: register.offset for register in register_map(TINY)}
OKAY, SLVERR = 0, 2


async def write(ctx, dut, offset, value, strobes=15):
    """The response."""
    for name, one in (("awaddr", offset), ("wdata", value), ("wstrb", strobes),
                      ("awvalid", 1), ("wvalid", 1), ("bready", 1)):
        ctx.set(getattr(dut, f"s_axi_{name}"), one)
    assert ctx.get(dut.s_axi_awready) and ctx.get(dut.s_axi_wready)
    await ctx.tick()
    ctx.set(dut.s_axi_awvalid, 0)
    ctx.set(dut.s_axi_wvalid, 0)
    assert ctx.get(dut.s_axi_bvalid)
    response = ctx.get(dut.s_axi_bresp)
    await ctx.tick()
    assert not ctx.get(dut.s_axi_bvalid)
    return response


async def read(ctx, dut, offset, totals=()):
    """The word, and the response; ``totals`` come round in turn meanwhile."""
    for name, one in (("araddr", offset), ("arvalid", 1), ("rready", 1)):
        ctx.set(getattr(dut, f"s_axi_{name}"), one)
    assert ctx.get(dut.s_axi_arready)
    await ctx.tick()
    ctx.set(dut.s_axi_arvalid, 0)
    for turn in range(len(totals)):
        ctx.set(dut.turn, turn)
        ctx.set(dut.total, totals[turn])
        await ctx.tick()
        if ctx.get(dut.s_axi_rvalid):
            break
    else:
        await ctx.tick()
    assert ctx.get(dut.s_axi_rvalid)
    answer = ctx.get(dut.s_axi_rdata), ctx.get(dut.s_axi_rresp)
    await ctx.tick()
    return answer


def run(scenario, configuration=TINY):
    dut = ControlRegisters(configuration)
    clocked.run(dut, lambda ctx, domain: scenario(ctx, dut, domain))


def test_offsets_are_words_of_their_own():
    registers = register_map(SMALL)
    assert len({*OFFSETS.values()}) == len(registers)
    for register in registers:
        assert register.offset % 4 == 0 and register.offset < 1 << ADDRESS_WIDTH
        ends = [(bits.lsb, bits.lsb + bits.width) for bits in register.bits]
        assert all(a[1] <= b[0] for a, b in zip(ends, [*ends[1:], (32, 32)], strict=True))


def test_what_the_engine_is_can_be_read():
    async def scenario(ctx, dut, domain):
        assert await read(ctx, dut, OFFSETS["ID"]) == (ID, OKAY) == (0x56325245, OKAY)
        assert await read(ctx, dut, OFFSETS["VERSION"]) == (0x10000, OKAY)
        assert await read(ctx, dut, OFFSETS["CONFIGURATION"]) == (header(SMALL) >> 32, OKAY)
        assert await read(ctx, dut, OFFSETS["GEOMETRY"]) == (0x040808, OKAY)
        assert await read(ctx, dut, OFFSETS["WATCHDOG"]) == (65536, OKAY)

    run(scenario, SMALL)


def test_every_input_is_read_where_the_map_says():
    rng = np.random.default_rng(3)
    registers = [r for r in register_map(TINY) if r.access == "r" and r.source]

    async def scenario(ctx, dut, domain):
        values = {r.source: int(rng.integers(1 << r.bits[0].width))
                  for r in registers if r.source not in ("status", "error")}
        for name, value in values.items():
            if name not in dut.counted:
                ctx.set(getattr(dut, name), value)
        ctx.set(dut.error, Error.WATCHDOG)
        ctx.set(dut.unit, 5)
        ctx.set(dut.number, 0xABCD)
        ctx.set(dut.busy, 1)
        values |= {"status": 0b11, "error": 0xABCD005D}
        for register in registers:
            totals = [values[name] for name in dut.counted if register.source in dut.counted]
            word = await read(ctx, dut, register.offset, totals)
            assert word == (values[register.source], OKAY)
            assert await write(ctx, dut, register.offset, 0) == SLVERR

    assert len(registers) == 4 + 4 * len(Unit)
    run(scenario)


@pytest.mark.parametrize("offset", [0x2C, 0x3C, 0x58, 0xFC])
def test_addresses_between_registers_are_errors(offset):
    async def scenario(ctx, dut, domain):
        assert await read(ctx, dut, offset) == (0, SLVERR)
        assert await write(ctx, dut, offset, 1) == SLVERR

    run(scenario)


def test_control_and_soft_reset():
    async def scenario(ctx, dut, domain):
        control = OFFSETS["CONTROL"]
        assert await read(ctx, dut, control) == (0, OKAY)
        assert await write(ctx, dut, control, 1, strobes=0b1110) == OKAY
        assert not ctx.get(dut.run)
        await write(ctx, dut, control, 0b011)
        assert ctx.get(dut.run) and not ctx.get(dut.soft_reset)
        resets = []
        ctx.set(dut.s_axi_awaddr, control)
        ctx.set(dut.s_axi_wdata, 0b101)
        ctx.set(dut.s_axi_wstrb, 1)
        for cycle in range(4):
            ctx.set(dut.s_axi_awvalid, cycle == 0)
            ctx.set(dut.s_axi_wvalid, cycle == 0)
            resets.append(ctx.get(dut.soft_reset))
            await ctx.tick()
        assert resets == [0, 1, 0, 0]
        assert await read(ctx, dut, control) == (0b001, OKAY)
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)
        assert not ctx.get(dut.run)

    run(scenario)


def test_bytes_of_the_watchdog():
    async def scenario(ctx, dut, domain):
        watchdog = OFFSETS["WATCHDOG"]
        await write(ctx, dut, watchdog, 0x11223344, strobes=0b1010)
        assert await read(ctx, dut, watchdog) == (0x11013300, OKAY)
        assert ctx.get(dut.limit) == 0x11013300

    run(scenario)


def test_interrupts_stay_until_they_are_cleared():
    async def scenario(ctx, dut, domain):
        control, interrupt = OFFSETS["CONTROL"], OFFSETS["INTERRUPT"]
        ctx.set(dut.ends, 1)
        await ctx.tick()
        ctx.set(dut.ends, 0)
        assert await read(ctx, dut, interrupt) == (0b01, OKAY)
        assert not ctx.get(dut.irq), "not enabled"
        await write(ctx, dut, control, 0b010)
        assert ctx.get(dut.irq)
        await write(ctx, dut, interrupt, 0b10)
        assert ctx.get(dut.irq), "another bit was cleared"
        await write(ctx, dut, interrupt, 0b01, strobes=0b1110)
        assert ctx.get(dut.irq), "its byte was not written"
        await write(ctx, dut, interrupt, 0b01)
        assert not ctx.get(dut.irq)
        ctx.set(dut.error, Error.OPCODE)
        await ctx.tick()
        assert ctx.get(dut.irq)
        await write(ctx, dut, interrupt, 0b10)
        assert await read(ctx, dut, interrupt) == (0, OKAY), "an error interrupts once"
        await write(ctx, dut, control, 0b110)
        ctx.set(dut.error, Error.NONE)
        await ctx.tick()
        ctx.set(dut.error, Error.OPCODE)
        await ctx.tick()
        assert ctx.get(dut.irq), "after a soft reset again"

    run(scenario)

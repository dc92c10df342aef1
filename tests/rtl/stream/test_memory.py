"""Memories that promise never to read what they write: in Verilog, simulation and synthesis."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from vit2rtl.rtl.stream.memory import PlainMemory
from vit2rtl.rtl.verilog import modules, yosys


class Rows(wiring.Component):
    """A row is written, or one is read."""

    write: In(1)
    target: In(8)
    entry: In(16)
    read: In(1)
    source: In(8)
    row: Out(16)
    block = False

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows = rows = PlainMemory(
            shape=16, depth=256, init=[7], block=self.block)
        write, read = rows.write_port(), rows.read_port()
        m.d.comb += [
            write.en.eq(self.write), write.addr.eq(self.target), write.data.eq(self.entry),
            read.en.eq(self.read), read.addr.eq(self.source), self.row.eq(read.data),
        ]
        return m


class BlockRows(Rows):
    """The same in block RAM."""

    block = True


def simulate(steps):
    """What is read after each of ``(write, target, entry, read, source)``."""
    dut, read = Rows(), []

    async def testbench(ctx):
        for step in steps:
            for port, value in zip((dut.write, dut.target, dut.entry, dut.read, dut.source), step,
                                   strict=True):
                ctx.set(port, value)
            await ctx.tick()
            read.append(ctx.get(dut.row))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return read


def test_rows_are_kept():
    steps = [(0, 0, 0, 1, 0), (1, 3, 5, 1, 0), (1, 3, 6, 0, 3), (1, 4, 9, 1, 3), (0, 0, 0, 1, 4)]
    assert simulate(steps) == [7, 7, 7, 6, 9]


def test_simulation_stops_at_a_row_read_while_it_is_written():
    with pytest.raises(AssertionError, match="A row is read while it is written"):
        simulate([(1, 3, 5, 1, 4), (1, 3, 5, 1, 3)])


def test_the_verilog_carries_the_attribute_and_no_assertion():
    text, _ = modules("rows", Rows())
    assert "  (* no_rw_check = 32'd1 *)\n  reg [15:0] rows [0:255];\n" in text
    assert "assert" not in text


def test_block_ram_is_asked_for_by_an_attribute_that_the_verilog_keeps():
    text, _ = modules("rows", BlockRows())
    assert '  (* ram_style = "block" *)\n' in text
    assert "ram_style" not in modules("rows", Rows())[0]


@pytest.mark.parametrize(("attribute", "logic"), [(True, False), (False, True)])
def test_a_block_ram_needs_nothing_beside_it(attribute, logic, tmp_path):
    """On ECP5, whose block RAMs do not give what was there before: so far for the old row."""
    text, _ = modules("rows", Rows())
    if not attribute:
        text = text.replace("  (* no_rw_check = 32'd1 *)\n", "")
    script = "read_verilog rows.v; synth_ecp5 -run begin:map_ffs -top rows; select -count t:$*"
    log = yosys.run(script, tmp_path, files={"rows.v": text})
    count = int(log.rpartition(" objects.")[0].split()[-1])
    assert (count > 0) == logic, log

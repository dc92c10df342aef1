"""Memories of the LayerNorm quantizer: rows that wait for their root, gains and offsets."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.layernorm import FRACTION
from vit2rtl.golden.units import Stream
from vit2rtl.rtl.stream.memory import PlainMemory
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.ports import stream_signature
from vit2rtl.rtl.units.layernorm_quantizer.budget import Budget


class RowMemory(wiring.Component):
    """Beats in order, first in, first out, while their row's root is made.

    Latency 3 cycles, one beat a cycle; takes beats until it is full, whoever waits. ``o`` is a
    register behind that of the memory, which is slow. A beat is read once it has been written, so
    no row of the memory is read while it is written.

    Parameters
    ----------
    shape : Layout
        Of a beat.
    depth : int
        Beats, besides the two in registers.

    Members
    -------
    i, o : In, Out(stream of beats)
    """

    def __init__(self, shape: data.Layout, depth: int) -> None:
        self.depth = depth
        super().__init__(
            {"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = self.i.payload.shape()
        m.submodules.memory = memory = PlainMemory(shape=layout.size, depth=self.depth)
        write, read = memory.write_port(), memory.read_port()
        level = Signal(range(self.depth + 1))
        taken = Signal()
        loads = Signal()
        held = Signal()
        passes = Signal()
        m.d.comb += [
            self.i.ready.eq(level != self.depth),
            taken.eq(self.i.valid & self.i.ready),
            passes.eq(~self.o.valid | self.o.ready),
            loads.eq((level != 0) & (~held | passes)),
            write.en.eq(taken),
            write.data.eq(self.i.payload.as_value()),
            read.en.eq(loads),
            self.o.payload.as_value().eq(
                registered(m, read.data, held & passes, name="beat")),
        ]
        m.d.comb += [
            write.addr.eq(_counted(m, taken, self.depth, "written")),
            read.addr.eq(_counted(m, loads, self.depth, "read")),
        ]
        m.d.sync += level.eq(level + taken - loads)
        with m.If(~held | passes):
            m.d.sync += held.eq(loads)
        with m.If(passes):
            m.d.sync += self.o.valid.eq(held)
        return m


class AffineTable(wiring.Component):
    """Gain and offset of every channel, loaded through a stream; half a code is added to offsets.

    In block RAM: in look-up tables their few but wide rows are a quarter of the unit.

    ``i_affine`` is always ready; its last beat begins the table again. Reads have a register
    behind the memory: latency 2, all moved by ``enable``.

    Parameters
    ----------
    budget : Budget
    table : vit2rtl.golden.units.Stream
        Gains and offsets, as many a beat as there are lanes.

    Members
    -------
    i : In(stream of the table's beats)
    enable : In(1)
    gain_row, offset_row : In, gain_read, offset_read : In(1)
        Beat of the row whose gains, or offsets, are read.
    gains, offsets : Out
        Of all lanes.
    """

    def __init__(self, budget: Budget, table: Stream) -> None:
        self.budget, self.table = budget, table
        rows = table.beats(table.entries)
        super().__init__(
            {
                "i": In(stream_signature(table)),
                "enable": In(1),
                "gain_row": In(range(rows)),
                "gain_read": In(1),
                "offset_row": In(range(rows)),
                "offset_read": In(1),
                "gains": Out(data.ArrayLayout(budget.gain, table.lanes)),
                "offsets": Out(data.ArrayLayout(budget.offset, table.lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = [self.i.p.lanes[n] for n in range(self.table.lanes)]
        half = 1 << (FRACTION - 1)
        stored = Signal(self.offsets.shape())
        m.d.comb += [stored[n].eq(lane.offset + half) for n, lane in enumerate(lanes)]
        rows = self.table.beats(self.table.entries)
        row = Signal(range(rows))
        m.d.comb += self.i.ready.eq(1)
        with m.If(self.i.valid):
            m.d.sync += row.eq(Mux(self.i.p.last, 0, row + 1))
        for name, data_in, address, read_now, out in (
            ("gain", Cat(lane.gain for lane in lanes), self.gain_row, self.gain_read, self.gains),
            ("offset", stored.as_value(), self.offset_row, self.offset_read, self.offsets),
        ):
            memory = PlainMemory(shape=len(data_in), depth=rows, block=True)
            m.submodules[f"{name}_memory"] = memory
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.addr.eq(row),
                write.data.eq(data_in),
                write.en.eq(self.i.valid),
                read.addr.eq(address),
                read.en.eq(self.enable & read_now),
                out.as_value().eq(registered(m, read.data, self.enable, name=f"{name}s_read")),
            ]
        return m


def _counted(m: Module, event: Value, count: int, name: str) -> Signal:
    """A number that an event raises, from 0 to one less than ``count`` and round again."""
    number = Signal(range(count), name=f"{name}_row")
    with m.If(event):
        m.d.sync += number.eq(Mux(number == count - 1, 0, number + 1))
    return number

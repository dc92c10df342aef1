"""Accumulators in memory: two banks, one of which drains while the other one fills."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.memory import PlainMemory
from vit2rtl.rtl.stream.pipeline import registered


class Accumulators(wiring.Component):
    """Read, add, write: a row a cycle into one bank, and rows of the other one out.

    A row that is added to is read in the cycle of ``fill``, added to two cycles later, when
    ``addend`` has to be there, and written in the cycle after that: ``DISTANCE`` cycles after it
    the same row may come again. A drained row is read by ``reads``, and ``moves`` puts it into
    ``drained``.
    Sums wrap in two's complement. No back pressure but that of the drain, by ``moves``.

    Both banks are one memory, the bank the upper bit of its address, with a read port for each of
    the two who read: synthesis makes two copies of it. A block RAM of 512 rows takes both banks of
    256, so two copies cost what two memories would, and nobody has to choose between their outputs,
    which are late.

    Parameters
    ----------
    lanes, acc_width : int
        Accumulators of a row, and bits of one.
    depth : int
        Rows of a bank.

    Members
    -------
    fill : In(1), row : In, bank : In(1), first : In(1)
        Add to this row; ``first``: to zeros in place of what is there.
    addend : In(signed(acc_width) × lanes)
        Two cycles after ``fill``.
    written : Out(1)
        A row is written.
    reads : In(1), drain_row : In, drain_bank : In(1)
        Read a row of a bank that is not filled.
    moves : In(1)
        In a later cycle: the row that was read last moves to ``drained``.
    drained : Out(signed(acc_width) × lanes)
    """

    CYCLES = 3  # from fill to written
    DISTANCE = 4

    def __init__(self, *, lanes: int, acc_width: int, depth: int) -> None:
        self.lanes, self.acc_width, self.depth = lanes, acc_width, depth
        self.layout = data.ArrayLayout(signed(acc_width), lanes)
        super().__init__(
            {
                "fill": In(1),
                "row": In(range(depth)),
                "bank": In(1),
                "first": In(1),
                "addend": In(self.layout),
                "written": Out(1),
                "reads": In(1),
                "moves": In(1),
                "drain_row": In(range(depth)),
                "drain_bank": In(1),
                "drained": Out(self.layout),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = PlainMemory(
            shape=self.layout.size, depth=2 << len(self.row))
        held, leaving, write = memory.read_port(), memory.read_port(), memory.write_port()

        filling = Signal(self.CYCLES)
        m.d.sync += filling.eq(Cat(self.fill, filling))
        fill = [self.fill, *filling]
        first = registered(m, self.first, fill[0], name="first_1")
        place: Value = Cat(self.row, self.bank)
        m.d.comb += held.addr.eq(place)
        for n in range(self.CYCLES):
            place = registered(m, place, fill[n], name=f"place_{n + 1}")

        kept = Signal(self.layout, reset_less=True)
        total = Signal(self.layout, reset_less=True)
        with m.If(fill[1]):
            m.d.sync += kept.eq(Mux(first, 0, held.data))
        with m.If(fill[2]):
            for lane in range(self.lanes):
                m.d.sync += total[lane].eq(kept[lane] + self.addend[lane])
        with m.If(self.moves):
            m.d.sync += self.drained.eq(leaving.data)
        m.d.comb += [
            self.written.eq(fill[3]),
            held.en.eq(fill[0] & ~self.first),
            leaving.en.eq(self.reads),
            leaving.addr.eq(Cat(self.drain_row, self.drain_bank)),
            write.en.eq(fill[3]),
            write.addr.eq(place),
            write.data.eq(total),
        ]
        return m

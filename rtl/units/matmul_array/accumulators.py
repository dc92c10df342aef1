"""Accumulators in memory: two banks, one of which drains while the other one fills."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.memory import PlainMemory
from vit2rtl.rtl.stream.pipeline import registered


class AccumulatorBank(wiring.Component):
    """One memory: a row of accumulators a place, one read port and one write port.

    No row is read in the cycle in which it is written: whoever drives the ports sees to that.

    Members
    -------
    read : In(1), read_row : In
        ``held`` has the row in the next cycle, and keeps it until the next read.
    held : Out(signed(acc_width) × lanes)
    write : In(1), write_row : In, update : In(signed(acc_width) × lanes)
    """

    def __init__(self, *, lanes: int, acc_width: int, depth: int) -> None:
        self.depth = depth
        self.layout = data.ArrayLayout(signed(acc_width), lanes)
        super().__init__(
            {
                "read": In(1),
                "read_row": In(range(depth)),
                "held": Out(self.layout),
                "write": In(1),
                "write_row": In(range(depth)),
                "update": In(self.layout),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = PlainMemory(shape=self.layout.size, depth=self.depth)
        read, write = memory.read_port(), memory.write_port()
        m.d.comb += [
            read.en.eq(self.read),
            read.addr.eq(self.read_row),
            self.held.as_value().eq(read.data),
            write.en.eq(self.write),
            write.addr.eq(self.write_row),
            write.data.eq(self.update),
        ]
        return m


class Accumulators(wiring.Component):
    """Read, add, write: a row a cycle into one bank, and rows of the other one out.

    A row that is added to is read in the cycle of ``fill``, added to two cycles later, when
    ``addend`` has to be there, and written in the cycle after that: ``DISTANCE`` cycles after it
    the same row may come again. A drained row is read by ``reads``, and ``moves`` puts it into
    ``drained``.
    Sums wrap in two's complement. No back pressure but that of the drain, by ``moves``.

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
        bits = {"lanes": self.lanes, "acc_width": self.acc_width, "depth": self.depth}
        banks = [AccumulatorBank(**bits) for _ in range(2)]
        m.submodules.bank_0, m.submodules.bank_1 = banks

        filling = Signal(self.CYCLES)
        m.d.sync += filling.eq(Cat(self.fill, filling))
        fill = [self.fill, *filling]
        first = registered(m, self.first, fill[0], name="first_1")
        rows, chosen = [self.row], [self.bank]
        for n in range(self.CYCLES):
            rows.append(registered(m, rows[-1], fill[n], name=f"row_{n + 1}"))
            chosen.append(registered(m, chosen[-1], fill[n], name=f"bank_{n + 1}"))

        kept = Signal(self.layout, reset_less=True)
        total = Signal(self.layout, reset_less=True)
        source = registered(m, self.drain_bank, self.reads, name="source")
        for lane in range(self.lanes):
            held = [bank.held[lane] for bank in banks]
            with m.If(fill[1]):
                m.d.sync += kept[lane].eq(Mux(first, 0, Mux(chosen[1], held[1], held[0])))
            with m.If(fill[2]):
                m.d.sync += total[lane].eq(kept[lane] + self.addend[lane])
            with m.If(self.moves):
                m.d.sync += self.drained[lane].eq(Mux(source, held[1], held[0]))
        m.d.comb += self.written.eq(fill[3])
        for n, bank in enumerate(banks):
            added = Signal(name=f"added_{n}")
            m.d.comb += [
                added.eq(fill[0] & ~self.first & (self.bank == n)),
                bank.read.eq(added | (self.reads & (self.drain_bank == n))),
                bank.read_row.eq(Mux(added, self.row, self.drain_row)),
                bank.write.eq(fill[3] & (chosen[3] == n)),
                bank.write_row.eq(rows[3]),
                bank.update.eq(total),
            ]
        return m

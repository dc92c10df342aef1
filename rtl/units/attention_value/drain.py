"""What drains an array of sums: all of them kept, one pair a cycle, no wide multiplexer."""

from functools import reduce
from operator import xor

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.stream.pipeline import registered


def pair_layout(acc_width: int) -> data.StructLayout:
    """Two sums of a result, and whether the tile ends with it."""
    return data.StructLayout({"even": signed(acc_width), "odd": signed(acc_width), "last": 1})


class AttentionValueDrain(wiring.Component):
    """Copies of a tile's sums, one after the other: of each query, its channels first to last.

    All copies are joined by XOR, and the one that leaves is set to zero. What the join loses from
    one step to the next is that copy: of copies 5, 3 and 6 it is 0, then 3 ^ 6 = 5, then 6, and
    ``0 ^ 5 = 5``, ``5 ^ 6 = 3``; the last one is what is left, 6. A XOR of four copies is one
    look-up table a bit where a multiplexer takes two or three. Two registers follow each other, one
    for each query's join and one for that of all, so what the second will be next is known when it
    is needed. Both move together, and only together with the turn of the next copy.

    Latency ``PIPELINE_CYCLES`` = 3 from ``keep`` to the first pair on offer; a pair a cycle. A
    stalled ``o`` stalls all of it.

    Members
    -------
    keep : In(1)
        The lanes copy their sums at the end of this cycle; only while ``free`` is high.
    even, odd : In(signed(acc_width)) × rows * lanes
        The copies.
    free : Out(1)
        No copy is left that has not had its turn.
    clear : Out(1) × rows * lanes
        Set a copy to zero.
    o : Out(stream of {even: signed(acc_width), odd: signed(acc_width), last: 1})
    """

    PIPELINE_CYCLES = 3

    def __init__(self, parameters: Parameters) -> None:
        self.rows = parameters["rows"]
        self.count = self.rows * parameters["lanes"]
        self.acc_width = parameters["acc_width"]
        super().__init__({
            "keep": In(1),
            "even": In(signed(self.acc_width)).array(self.count),
            "odd": In(signed(self.acc_width)).array(self.count),
            "free": Out(1),
            "clear": Out(1).array(self.count),
            "o": Out(stream.Signature(pair_layout(self.acc_width))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        turn = Signal(self.count)
        draining = Signal()
        moves = Signal()
        valid = Signal(2)
        last = Signal(2)
        m.d.comb += [moves.eq(~valid[1] | self.o.ready), self.free.eq(~draining)]
        with m.If(self.keep | moves):
            m.d.sync += [
                turn.eq(Mux(self.keep, 1, turn << 1)),
                draining.eq(self.keep | (draining & ~turn[-1])),
            ]
        with m.If(moves):
            m.d.sync += [valid.eq(Cat(draining, valid[0])), last.eq(Cat(turn[-1], last[0]))]
        # The last copy needs no clearing: what comes next is another tile's.
        m.d.comb += [clear.eq(turn[n] & moves) for n, clear in enumerate(self.clear[:-1])]

        lanes = self.count // self.rows
        for name in ("even", "odd"):
            copies = getattr(self, name)
            rows = [reduce(xor, (copies[lanes * row + n] for n in range(lanes)))
                    for row in range(self.rows)]
            coming = reduce(xor, (registered(m, row, moves, name=f"{name}_of_row_{n}")
                                  for n, row in enumerate(rows)))
            left = registered(m, coming, moves, name=f"{name}_left")
            m.d.comb += self.o.p[name].eq(left ^ Mux(last[1], 0, coming))
        m.d.comb += [self.o.p.last.eq(last[1]), self.o.valid.eq(valid[1])]
        return m

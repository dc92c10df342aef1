"""Sums and sums of squares of rows, a beat a cycle."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.layernorm_quantizer.budget import Budget


class LayerNormStatistics(wiring.Component):
    """Σx and Σx² of each row, its first ``columns`` elements.

    Latency ``cycles(lanes)`` from the row's last beat: elements, squares, a stage for each level
    of the trees of adders, sums; one beat a cycle. A result that is not taken stalls ``i``; it
    is offered until the next row's first beat would change it. One 18 × 18 multiplier a lane.

    Parameters
    ----------
    budget : Budget
    lanes : int

    Members
    -------
    columns : In
        Elements of a row: those of its last beat beyond them do not count.
    i : In(stream of {elements: signed(width) × lanes, last: 1})
    o : Out(stream of {total: signed, squares: unsigned})
    """

    def __init__(self, budget: Budget, lanes: int) -> None:
        self.budget, self.lanes = budget, lanes
        elements = data.ArrayLayout(budget.element, lanes)
        super().__init__(
            {
                "columns": In(budget.columns),
                "i": In(stream.Signature(data.StructLayout({"elements": elements, "last": 1}))),
                "o": Out(stream.Signature(sums_layout(budget))),
            }
        )

    @classmethod
    def cycles(cls, lanes: int) -> int:
        """Latency."""
        return 3 + (lanes - 1).bit_length()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        enable = Signal()
        m.d.comb += [enable.eq(~self.o.valid | self.o.ready), self.i.ready.eq(enable)]
        valid, last = self.i.valid, self.i.p.last
        for n in range(self.cycles(self.lanes) - 1):
            valid = registered(m, valid, enable, name=f"valid_{n}", reset=True)
            last = registered(m, last, enable, name=f"last_{n}")
        elements = [
            registered(m, element, enable, name=f"element_{n}")
            for n, element in enumerate(self._counted(m, enable))
        ]
        squares = [
            registered(m, (x * x)[: 2 * self.budget.width - 1], enable, name=f"square_{n}")
            for n, x in enumerate(elements)
        ]
        delayed = [
            registered(m, x, enable, name=f"element_delayed_{n}") for n, x in enumerate(elements)
        ]
        total = self._summed(m, enable, delayed, "total")
        square = self._summed(m, enable, squares, "squares")
        first = Signal(init=1)
        with m.If(enable & valid):
            m.d.sync += [
                first.eq(last),
                self.o.p.total.eq(Mux(first, 0, self.o.p.total) + total),
                self.o.p.squares.eq(Mux(first, 0, self.o.p.squares) + square),
            ]
        with m.If(enable):
            m.d.sync += self.o.valid.eq(valid & last)
        return m

    def _counted(self, m: Module, enable: Value) -> list[Value]:
        """Elements of the beat on offer, those beyond the row as zeros."""
        given = [self.i.p.elements[n] for n in range(self.lanes)]
        if self.lanes == 1:
            return given
        first = Signal(init=1)
        left = Signal.like(self.columns)
        remaining = Signal.like(self.columns)
        m.d.comb += remaining.eq(Mux(first, self.columns, left))
        with m.If(enable & self.i.valid):
            m.d.sync += [left.eq(remaining - self.lanes), first.eq(self.i.p.last)]
        return [Mux(remaining > n, element, 0) for n, element in enumerate(given)]

    def _summed(self, m: Module, enable: Value, terms: Sequence[Value], name: str) -> Value:
        """The sum of the lanes, a register behind each level of additions."""
        level = 0
        while len(terms) > 1:
            pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
            terms = [
                registered(m, sum(pair[1:], pair[0]), enable, name=f"{name}_{level}_{n}")
                for n, pair in enumerate(pairs)
            ]
            level += 1
        return terms[0]


def sums_layout(budget: Budget) -> data.StructLayout:
    """What is known of a row once it has passed."""
    shapes: dict[str, Shape] = {"total": budget.total, "squares": unsigned(budget.squares.width)}
    return data.StructLayout(shapes)

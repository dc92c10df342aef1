"""Maximum, sum and sum of squares of rows: a registered tree over the lanes, then accumulators."""

from collections.abc import Callable, Sequence

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.pipeline import PipelineControl, registered


class RowStatistics(wiring.Component):
    """Three numbers of each row of signed elements.

    Latency ``2 + ceil(log2(lanes))`` cycles from a row's last beat, one beat a cycle; a result that
    is not taken stalls ``i`` when it meets the next row's first beat. One multiplier a lane.

    Members
    -------
    i : In(stream of {values: signed(width) × lanes, last: 1})
    o : Out(stream of {maximum: signed(width), sum: signed(sum_width), squares: unsigned})
        Sums wrap.
    """

    def __init__(self, *, lanes: int, width: int, sum_width: int, squares_width: int) -> None:
        self.lanes, self.width = lanes, width
        beat = {"values": data.ArrayLayout(signed(width), lanes), "last": 1}
        row = {"maximum": signed(width), "sum": signed(sum_width),
               "squares": unsigned(squares_width)}
        super().__init__(
            {
                "i": In(stream.Signature(data.StructLayout(beat))),
                "o": Out(stream.Signature(data.StructLayout(row))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        levels = (self.lanes - 1).bit_length()
        m.submodules.tree = tree = PipelineControl(1 + levels)
        m.submodules.row = row = PipelineControl(1)
        values = [self.i.p.values[n] for n in range(self.lanes)]
        squares = [value * value for value in values]

        def stage(n: int, name: str, numbers: Sequence[Value]) -> list[Value]:
            return [registered(m, number, tree.enable[n], name=f"{name}_{n}_{k}")
                    for k, number in enumerate(numbers)]

        largest: list[Value] = stage(0, "value", values)
        sums = list(largest)
        # A square is not negative: its sign's bit is left out.
        squares = stage(0, "square", [square[: 2 * self.width - 1] for square in squares])
        for n in range(1, levels + 1):
            largest = stage(n, "largest", _pairs(largest, lambda a, b: Mux(a > b, a, b)))
            sums = stage(n, "sum", _pairs(sums, lambda a, b: a + b))
            squares = stage(n, "squares", _pairs(squares, lambda a, b: a + b))

        first = Signal(init=1)
        taken = Signal()
        so_far = Signal(self.o.payload.shape(), name="row_so_far", reset_less=True)
        m.d.comb += [
            tree.i.valid.eq(self.i.valid),
            tree.i.payload.eq(self.i.p.last),
            self.i.ready.eq(tree.i.ready),
            row.i.valid.eq(tree.o.valid),
            row.i.payload.eq(tree.o.payload),
            tree.o.ready.eq(row.i.ready),
            taken.eq(tree.o.valid & row.enable[0]),
            # What is inside a row goes nowhere.
            self.o.valid.eq(row.o.valid & row.o.payload),
            row.o.ready.eq(self.o.ready | ~row.o.payload),
        ]
        grown = Signal(self.o.payload.shape())
        wider = first | (largest[0] > so_far.maximum)
        m.d.comb += [
            grown.maximum.eq(Mux(wider, largest[0], so_far.maximum)),
            grown.sum.eq(Mux(first, 0, so_far.sum) + sums[0]),
            grown.squares.eq(Mux(first, 0, so_far.squares) + squares[0]),
            self.o.p.eq(so_far),
        ]
        with m.If(taken):
            m.d.sync += [first.eq(tree.o.payload), so_far.eq(grown)]
        return m


def _pairs(numbers: Sequence[Value], join: Callable[[Value, Value], Value]) -> list[Value]:
    """One number for every two; an odd last one stays."""
    joined = [join(a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=False)]
    return [*joined, *numbers[2 * len(joined):]]

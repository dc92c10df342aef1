"""One stream to several readers, each of which takes an element in its own time."""

from amaranth.hdl import Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Broadcast(wiring.Component):
    """Every reader gets every element; the next one is taken when all have the one before.

    Latency 1, an element every two cycles at most; ``i.ready`` comes from registers.

    Parameters
    ----------
    shape : ShapeLike
        Of an element.
    readers : int
        How many there are.

    Members
    -------
    i : In(stream of shape)
    o : Out(stream of shape) × readers
    """

    def __init__(self, shape: ShapeLike, *, readers: int) -> None:
        self.readers = readers
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)).array(readers),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(len(Value.cast(self.i.payload)), reset_less=True)
        waits = Signal(self.readers)  # bit n: reader n has not taken it
        for n, port in enumerate(self.o):
            m.d.comb += [
                port.valid.eq(waits[n]),
                Value.cast(port.payload).eq(held),
            ]
            with m.If(port.ready):
                m.d.sync += waits[n].eq(0)
        m.d.comb += self.i.ready.eq(~waits.any())
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [held.eq(self.i.payload), waits.eq((1 << self.readers) - 1)]
        return m

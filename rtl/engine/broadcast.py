"""One stream to several readers, each of which takes an element in its own time."""

from amaranth.hdl import Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Broadcast(wiring.Component):
    """Every reader gets every element; the next one is taken once all have the one before.

    Latency 1, an element a cycle.

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
        left = Signal(self.readers)
        for n, port in enumerate(self.o):
            m.d.comb += [
                port.valid.eq(waits[n]),
                Value.cast(port.payload).eq(held),
                left[n].eq(waits[n] & ~port.ready),
            ]
        m.d.comb += self.i.ready.eq(~left.any())
        m.d.sync += waits.eq(left)
        with m.If(self.i.ready):
            m.d.sync += waits.eq(self.i.valid.replicate(self.readers))
            with m.If(self.i.valid):
                m.d.sync += held.eq(self.i.payload)
        return m

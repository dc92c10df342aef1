"""A buffer of one element that ends the path of ``ready`` through a chain of stages."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class SkidBuffer(wiring.Component):
    """Passes a stream on; ``i.ready`` comes from a register and knows nothing of ``o.ready``.

    What is taken in the cycle in which ``o`` stalls waits here, and ``i`` stalls a cycle later.
    Latency 0, an element a cycle.

    Parameters
    ----------
    shape : ShapeLike
        Of an element.

    Members
    -------
    i : In(stream of shape)
    o : Out(stream of shape)
    """

    def __init__(self, shape: ShapeLike) -> None:
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        coming = Value.cast(self.i.payload)
        waiting = Signal(len(coming), reset_less=True)
        full = Signal()
        m.d.comb += [
            self.i.ready.eq(~full),
            self.o.valid.eq(full | self.i.valid),
            Value.cast(self.o.payload).eq(Mux(full, waiting, coming)),
        ]
        m.d.sync += full.eq(self.o.valid & ~self.o.ready)
        with m.If(~full):
            m.d.sync += waiting.eq(coming)
        return m

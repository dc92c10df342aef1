"""A queue in a block RAM."""

from amaranth.hdl import Module, ShapeLike, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.memory import PlainMemory


class Fifo(wiring.Component):
    """Elements in the order in which they came; ``depth`` of them wait, and one is on offer.

    Latency 2, an element a cycle; ``i.ready`` and ``o.valid`` come from registers. Reset empties
    it.

    Parameters
    ----------
    shape : ShapeLike
        Of an element.
    depth : int
        A power of two, at least 2.

    Members
    -------
    i : In(stream of shape)
    o : Out(stream of shape)
    """

    def __init__(self, shape: ShapeLike, depth: int) -> None:
        if depth < 2 or depth & depth - 1:
            raise ValueError(f"Depth must be a power of two above 1, not {depth!r}")
        self.depth = depth
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        coming = Value.cast(self.i.payload)
        m.submodules.memory = memory = PlainMemory(shape=len(coming), depth=self.depth)
        write, read = memory.write_port(), memory.read_port()
        waiting = Signal(range(self.depth + 1))
        moves = Signal()
        m.d.comb += [
            self.i.ready.eq(~waiting[-1]),  # fewer than depth, a power of two
            write.en.eq(self.i.valid & self.i.ready),
            write.data.eq(coming),
            moves.eq((waiting != 0) & (~self.o.valid | self.o.ready)),
            read.en.eq(moves),
            Value.cast(self.o.payload).eq(read.data),
        ]
        m.d.sync += [
            write.addr.eq(write.addr + write.en),
            read.addr.eq(read.addr + moves),
            waiting.eq(waiting + write.en - moves),
            self.o.valid.eq(moves | (self.o.valid & ~self.o.ready)),
        ]
        return m

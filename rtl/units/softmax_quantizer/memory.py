"""Tokens of the rows that wait between two phases, in a memory that is written and read in turn."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.memory import PlainMemory


def place_bits(tokens: int) -> int:
    """Bits of a place in the memory: room for two rows of so many tokens."""
    return (2 * tokens - 1).bit_length()


class RowMemory(wiring.Component):
    """A ring of tokens with room for two rows: one is read while the next one is written.

    A row is read from where the one before it ended, up to a place that the reader is given. No
    token is read in the cycle in which it is written: a row is begun when all of it is there, and
    its places are written again when they have been read.

    Latency of ``value`` one cycle; a token in and one out a cycle. The reader stands still while
    ``take`` is low. What is written has to have room: the memory does not ask.

    Parameters
    ----------
    width : int
        Bits of a token.
    tokens : int
        Tokens of a row at most.

    Members
    -------
    write : In(1);  token : In(width)
        Write one at ``place``, which moves on.
    place : Out
        Where the next token goes.
    start : In(1);  stop : In
        Read the row that ends before ``stop``; while ``reading`` is low.
    reading : Out(1);  first, last : Out(1)
        A token waits, the row's first, the row's last.
    take : In(1)
        Read it: it is ``value`` in the next cycle, and until the next one is taken.
    value : Out(width)
    """

    def __init__(self, width: int, tokens: int) -> None:
        self.width = width
        places = place_bits(tokens)
        super().__init__({
            "write": In(1),
            "token": In(width),
            "place": Out(places),
            "start": In(1),
            "stop": In(places),
            "reading": Out(1),
            "first": Out(1),
            "last": Out(1),
            "take": In(1),
            "value": Out(width),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = PlainMemory(shape=self.width, depth=1 << len(self.place))
        write, read = memory.write_port(), memory.read_port()
        current = Signal.like(self.place)
        following = Signal.like(self.place)
        stop = Signal.like(self.stop)
        m.d.comb += [
            write.addr.eq(self.place),
            write.data.eq(self.token),
            write.en.eq(self.write),
            read.addr.eq(current),
            read.en.eq(self.take),
            self.value.eq(read.data),
            following.eq(current + 1),
            self.last.eq(following == stop),
        ]
        with m.If(self.write):
            m.d.sync += self.place.eq(self.place + 1)
        with m.If(self.start):
            m.d.sync += [stop.eq(self.stop), self.reading.eq(1), self.first.eq(1)]
        with m.Elif(self.take):
            m.d.sync += [current.eq(following), self.first.eq(0)]
            with m.If(self.last):
                m.d.sync += self.reading.eq(0)
        return m

"""Memories without collision logic: no row is read in the cycle in which it is written."""

from collections.abc import Iterable

from amaranth.hdl import Assert, Elaboratable, Module, ShapeLike
from amaranth.lib.memory import Memory

# Yosys reads it: a block RAM serves as it is, without registers that hold back what is written.
ATTRIBUTE = "no_rw_check"
# For synthesis as a whole: block RAM, however few rows there are.
BLOCK = {"ram_style": "block"}
# Rows from which on synthesis for ECP5 makes block RAM of a wide memory by itself: who has fewer
# rows and many bits takes as many.
BLOCK_ROWS = 64


class PlainMemory(Memory):
    """A memory whose ports never read a row in the cycle in which another one writes it.

    What such a read would give is left open, so that a block RAM needs nothing beside it. The
    Verilog carries the attribute ``no_rw_check``; simulation in Amaranth stops at a cycle that
    breaks the promise, and bounded proofs look for one. Ports are those of
    :class:`amaranth.lib.memory.Memory`, all of one domain, reads synchronous; who elaborates for a
    platform gets no assertions.

    Parameters
    ----------
    shape : ShapeLike
        Of a row.
    depth : int
        Rows.
    init : iterable
        What the first rows begin with; zeros for the others.
    block : bool
        Ask for block RAM where synthesis would take look-up tables: for few rows that are wide.
    """

    def __init__(
        self, *, shape: ShapeLike, depth: int, init: Iterable[object] = (), block: bool = False
    ) -> None:
        attributes = {ATTRIBUTE: 1, **(BLOCK if block else {})}
        super().__init__(shape=shape, depth=depth, init=init, attrs=attributes, src_loc_at=1)

    def elaborate(self, platform: object) -> Elaboratable:
        memory = super().elaborate(platform)
        if platform is not None:
            return memory
        m = Module()
        m.submodules.memory = memory
        for read in self.read_ports:
            for write in self.write_ports:
                collides = read.en & write.en.any() & (read.addr == write.addr)
                m.d[read.domain] += Assert(~collides, "A row is read while it is written")
        return m

"""Cycles of an image, of each unit's work and waiting, and those in which nothing moves."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.packaging.register_map import WORD

# What is counted beside cycles and images: a unit executes an instruction; its next one waits.
KINDS = ("busy", "wait")


class EventCounters(wiring.Component):
    """How often each of some flags was high, in one memory with one adder.

    Each flag has a counter of a few bits of its own. They take turns, one a cycle: what it has is
    added to the flag's word of the memory, and it begins again. So ``total`` is exact at any time,
    and every flag's comes round once in as many cycles as there are flags.

    Parameters
    ----------
    flags : int

    Members
    -------
    begins : In(1)
        All begin at 0; the flags of this cycle do not count.
    flags : In(flags)
    turn : Out(range(flags)), total : Out(32)
        Of which flag ``total`` is, up to the cycle before.
    """

    def __init__(self, flags: int) -> None:
        super().__init__(
            {
                "begins": In(1),
                "flags": In(flags),
                "turn": Out(range(flags)),
                "total": Out(WORD),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = len(self.flags)
        m.submodules.memory = memory = Memory(shape=WORD, depth=count, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        fresh = Signal(count, init=(1 << count) - 1)  # the memory's word is of another image
        recent = [Signal(range(count + 1), name=f"recent_{n}") for n in range(count)]
        m.d.sync += self.turn.eq(Mux(self.turn == count - 1, 0, self.turn + 1))
        m.d.comb += [
            read.addr.eq(self.turn),
            write.addr.eq(self.turn),
            write.data.eq(self.total),
            write.en.eq(1),
            self.total.eq(
                Mux(fresh.bit_select(self.turn, 1), 0, read.data) + Array(recent)[self.turn]),
        ]
        for n, events in enumerate(recent):
            mine = self.turn == n
            m.d.sync += events.eq(Mux(mine, 0, events) + self.flags[n])
            with m.If(mine):
                m.d.sync += fresh[n].eq(0)
            with m.If(self.begins):
                m.d.sync += [events.eq(0), fresh[n].eq(1)]
        return m


class ImageCounters(wiring.Component):
    """Cycles of the image that is inside, or of the last one; images.

    Members
    -------
    begins, ends : In(1)
        An image's header is taken; its instructions are done. Both cycles count.
    stop : In(1)
        Nothing is counted.
    busy, waiting : In(units)
        A unit executes an instruction; its next one waits for others.
    occupied : Out(1)
        An image is.
    images, cycles : Out(32)
    turn : Out(range(2 * units)), total : Out(32)
        Cycles in which unit ``turn`` was busy, or unit ``turn - units`` waited, up to the last but
        one. Each comes round.
    """

    def __init__(self) -> None:
        units = len(Unit)
        super().__init__(
            {
                "begins": In(1),
                "ends": In(1),
                "stop": In(1),
                "busy": In(units),
                "waiting": In(units),
                "occupied": Out(1),
                "images": Out(WORD),
                "cycles": Out(WORD),
                "turn": Out(range(len(KINDS) * units)),
                "total": Out(WORD),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.events = events = EventCounters(len(KINDS) * len(Unit))
        with m.If(self.ends):
            m.d.sync += [self.occupied.eq(0), self.images.eq(self.images + 1)]
        with m.Elif(self.begins):
            m.d.sync += self.occupied.eq(1)
        counting = Signal()
        m.d.comb += counting.eq(self.occupied & ~self.stop)
        with m.If(self.begins):
            m.d.sync += self.cycles.eq(1)
        with m.Elif(counting):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        m.d.comb += [
            events.begins.eq(self.begins),
            events.flags.eq(Mux(counting, Cat(self.busy, self.waiting), 0)),
        ]
        m.d.sync += [self.turn.eq(events.turn), self.total.eq(events.total)]
        return m


class Watchdog(wiring.Component):
    """Says when nothing has moved for ``limit`` cycles of an image; never, where that is 0.

    Members
    -------
    limit : In(32)
    occupied : In(1)
        An image is.
    progress : In(1)
        Something moves in this cycle.
    expired : Out(1)
    """

    def __init__(self) -> None:
        super().__init__(
            {"limit": In(WORD), "occupied": In(1), "progress": In(1), "expired": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        still = Signal(WORD)
        with m.If(self.progress | ~self.occupied):
            m.d.sync += still.eq(0)
        with m.Else():
            m.d.sync += still.eq(still + 1)
        m.d.sync += self.expired.eq((self.limit != 0) & (still == self.limit))
        return m

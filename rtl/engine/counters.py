"""Cycles of an image, of each unit's work and waiting, and those in which nothing moves."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.packaging.register_map import WORD


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
    busy_cycles, wait_cycles : Out(32) × units
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
                "busy_cycles": Out(WORD).array(units),
                "wait_cycles": Out(WORD).array(units),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
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
        for unit in Unit:
            for cycles, counted in (
                (self.busy_cycles[unit], self.busy[unit]),
                (self.wait_cycles[unit], self.waiting[unit]),
            ):
                with m.If(self.begins):
                    m.d.sync += cycles.eq(0)
                with m.Elif(counting & counted):
                    m.d.sync += cycles.eq(cycles + 1)
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

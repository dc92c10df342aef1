"""Instructions between the side of an adapter that reads and the side that writes."""

from collections.abc import Iterable

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.layouts import operands
from vit2rtl.rtl.engine.ports import instruction


class Handover(wiring.Component):
    """Lets a stream unit read for an instruction while it still writes for those before.

    An instruction begins at once where the settings of the stream unit stay as they are, else when
    nothing is inside. Where results go waits in a queue, whose first entry is that of the results
    that leave the stream unit. If nothing has to be waited for, the first word of an instruction
    is read two cycles after the last one of the instruction before.

    Parameters
    ----------
    unit : Unit
    settings : iterable of str
        Operands that the stream unit takes as long as something is inside.
    results : iterable of str
        Operands that say where results go.

    Members
    -------
    i : In(instruction(unit))
        Taken as it begins.
    alone : In(1)
        The instruction on offer begins only when nothing is inside.
    begin : Out(1)
        It begins: what is read for it follows from the next cycle on.
    read : In(1)
        All is read for it; not in the cycle in which it begins.
    settings : Out(operands)
    o : Out(stream of operands)
        Of the oldest instruction inside; taken when its results are complete.
    """

    DEPTH = 4

    def __init__(self, unit: Unit, *, settings: Iterable[str], results: Iterable[str]) -> None:
        super().__init__({
            "i": In(instruction(unit)),
            "alone": In(1),
            "begin": Out(1),
            "read": In(1),
            "settings": Out(operands(unit, settings)),
            "o": Out(stream.Signature(operands(unit, results))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = self.o.payload.shape()
        m.submodules.queue = queue = SyncFIFO(width=layout.size, depth=self.DEPTH)
        compared = Signal()  # `same` is of the instruction on offer, and of these settings
        same = Signal()
        reading = Signal()
        coming = Signal.like(self.settings)
        m.d.comb += [
            *(coming[name].eq(self.i.p[name]) for name in coming.shape().members),
            self.begin.eq(self.i.valid & compared & ~reading & queue.w_rdy
                          & ((same & ~self.alone) | ~queue.r_rdy)),
            queue.w_en.eq(self.begin),
            *(layout(queue.w_data)[name].eq(self.i.p[name]) for name in layout.members),
            self.i.ready.eq(self.begin),
            self.o.valid.eq(queue.r_rdy),
            self.o.payload.as_value().eq(queue.r_data),
            queue.r_en.eq(self.o.ready),
        ]
        m.d.sync += [
            compared.eq(self.i.valid & ~self.begin),
            same.eq(coming.as_value() == self.settings.as_value()),
        ]
        with m.If(self.begin):
            m.d.sync += [self.settings.eq(coming), reading.eq(1)]
        with m.Elif(self.read):
            m.d.sync += reading.eq(0)
        return m

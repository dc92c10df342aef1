"""Row maximum in Amaranth: one register for the row so far, one for the result on offer."""

from amaranth.hdl import Module, Mux, Signal, signed

from vit2rtl.rtl.stream.stream_unit import UnitComponent


class RowMaximum(UnitComponent):
    """The largest element of each row.

    Latency ``PIPELINE_CYCLES`` = 1 from a row's last beat, one beat a cycle; a result that is not
    taken stalls ``i``.
    """

    PIPELINE_CYCLES = 1

    unit = "row_maximum"

    def __init__(self, *, lanes: int = 4, width: int = 8) -> None:
        super().__init__(lanes=lanes, width=width)

    def elaborate(self, platform):
        m = Module()
        width = self.instance.parameters["width"]
        maximum = Signal(signed(width))
        offered = Signal()
        first = Signal(init=1)
        seen = Signal(signed(width))
        largest = self.i.p.lanes[0].value
        for n in range(1, self.instance.lanes):
            value = self.i.p.lanes[n].value
            wider = Signal(signed(width), name=f"largest_of_{n + 1}")
            m.d.comb += wider.eq(Mux(value > largest, value, largest))
            largest = wider
        m.d.comb += [
            seen.eq(Mux(first | (largest > maximum), largest, maximum)),
            self.i.ready.eq(~offered | self.o.ready),
            self.o.valid.eq(offered),
            self.o.p.lanes[0].maximum.eq(maximum),
            self.o.p.last.eq(1),
        ]
        with m.If(self.i.ready):
            m.d.sync += offered.eq(self.i.valid & self.i.p.last)
            with m.If(self.i.valid):
                m.d.sync += [maximum.eq(seen), first.eq(self.i.p.last)]
        return m


COMPONENT = RowMaximum

"""Table lookup in Amaranth: a memory with a read port a lane, filled through a stream."""

from amaranth.hdl import Module, Signal

from vit2rtl.rtl.stream.memory import PlainMemory
from vit2rtl.rtl.stream.pipeline import PipelineControl
from vit2rtl.rtl.stream.stream_unit import UnitComponent


class TableLookup(UnitComponent):
    """Codes to the entries of a table; ``i_table`` is always ready, ``last`` begins it again.

    Latency ``PIPELINE_CYCLES`` = 1, one beat a cycle; a stalled ``o`` stalls ``i``.
    """

    PIPELINE_CYCLES = 1

    unit = "table_lookup"

    def __init__(self, *, lanes: int = 4, bits: int = 4, width: int = 8) -> None:
        super().__init__(lanes=lanes, bits=bits, width=width)

    def elaborate(self, platform):
        m = Module()
        p = self.instance.parameters
        m.submodules.control = control = PipelineControl(1)
        m.d.comb += control.between(self.i, self.o)
        m.submodules.memory = memory = PlainMemory(shape=p["width"], depth=1 << p["bits"])
        write = memory.write_port()
        address = Signal(p["bits"])
        m.d.comb += [
            self.i_table.ready.eq(1),
            write.addr.eq(address),
            write.data.eq(self.i_table.p.lanes[0].entry),
            write.en.eq(self.i_table.valid),
        ]
        with m.If(self.i_table.valid):
            m.d.sync += address.eq(address + 1)
            with m.If(self.i_table.p.last):
                m.d.sync += address.eq(0)
        for n in range(p["lanes"]):
            read = memory.read_port()
            m.d.comb += [
                read.addr.eq(self.i.p.lanes[n].code),
                read.en.eq(control.enable[0] & ~self.i_table.valid),
                self.o.p.lanes[n].value.eq(read.data),
            ]
        return m


COMPONENT = TableLookup

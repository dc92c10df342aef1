"""The command reader: what gives the engine its command stream out of a memory behind AXI4."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from vit2rtl.golden.engine.instructions import BEAT
from vit2rtl.rtl.engine.burst_reader import ADDRESS, ALIGNMENT, BurstReader
from vit2rtl.rtl.engine.reader_map import ADDRESS_WIDTH
from vit2rtl.rtl.engine.reader_registers import ReaderRegisters
from vit2rtl.rtl.packaging.axi_lite_bus import axi_lite_ports

INCR = 0b01
NORMAL = 0b0011  # ARCACHE: not cached, may be buffered on its way
DATA = 0b000  # ARPROT: unprivileged, secure, data


def memory_ports() -> dict[str, Member]:
    """AXI4 manager that only reads, 64 bits, without IDs: what it asks for comes in order."""
    return {
        "m_axi_araddr": Out(ADDRESS),
        "m_axi_arlen": Out(8),
        "m_axi_arsize": Out(3),
        "m_axi_arburst": Out(2),
        "m_axi_arcache": Out(4),
        "m_axi_arprot": Out(3),
        "m_axi_arvalid": Out(1),
        "m_axi_arready": In(1),
        "m_axi_rdata": In(BEAT),
        "m_axi_rresp": In(2),
        "m_axi_rlast": In(1),
        "m_axi_rvalid": In(1),
        "m_axi_rready": Out(1),
    }


def ports() -> dict[str, Member]:
    """Ports of the reader, whatever its parameters."""
    return {
        "aclk": In(1),
        "aresetn": In(1),
        **axi_lite_ports(ADDRESS_WIDTH),
        **memory_ports(),
        "m_axis_tdata": Out(BEAT),
        "m_axis_tvalid": Out(1),
        "m_axis_tready": In(1),
        "m_axis_tlast": Out(1),
    }


class CommandReader(wiring.Component):
    """Reads a command stream out of memory, as often as software says, for ``s_axis_cmd``.

    Parameters
    ----------
    burst, outstanding, depth : int
        Of :class:`~vit2rtl.rtl.engine.burst_reader.BurstReader`, which see for throughput.

    Members
    -------
    aclk, aresetn : In(1)
        All ports are synchronous to ``aclk``; ``aresetn`` is active low and synchronous. Nothing
        is taken or offered in reset.
    s_axi_* : AXI4-Lite subordinate, 32 bits
    m_axi_* : AXI4 manager, 64 bits, reads only
    m_axis_* : AXI4-Stream of 64 bits
        A soft reset takes back what is offered.
    """

    def __init__(self, *, burst: int = 16, outstanding: int = 8, depth: int = 128) -> None:
        self.reader = BurstReader(burst=burst, outstanding=outstanding, depth=depth)
        super().__init__(ports())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        m.submodules.registers = registers = ReaderRegisters()
        m.submodules.reader = reader = self.reader
        for name, member in axi_lite_ports(ADDRESS_WIDTH).items():
            inner, outer = getattr(registers, name), getattr(self, name)
            source, sink = (outer, inner) if member.flow == In else (inner, outer)
            # Nothing is offered in reset, so nothing is taken.
            m.d.comb += sink.eq(source & self.aresetn if name.endswith("valid") else source)
        m.d.comb += [
            getattr(reader, name).eq(getattr(registers, name))
            for name in ("start", "soft_reset", "place", "beats", "count")
        ]
        m.d.comb += [
            registers.busy.eq(reader.busy),
            registers.response.eq(reader.response),

            self.m_axi_araddr.eq(reader.ar.p.addr),
            self.m_axi_arlen.eq(reader.ar.p.len),
            self.m_axi_arsize.eq(ALIGNMENT),
            self.m_axi_arburst.eq(INCR),
            self.m_axi_arcache.eq(NORMAL),
            self.m_axi_arprot.eq(DATA),
            self.m_axi_arvalid.eq(reader.ar.valid & self.aresetn),
            reader.ar.ready.eq(self.m_axi_arready & self.aresetn),
            reader.r.p.data.eq(self.m_axi_rdata),
            reader.r.p.resp.eq(self.m_axi_rresp),
            reader.r.p.last.eq(self.m_axi_rlast),
            reader.r.valid.eq(self.m_axi_rvalid & self.aresetn),
            self.m_axi_rready.eq(reader.r.ready & self.aresetn),

            self.m_axis_tdata.eq(reader.o.p.data),
            self.m_axis_tlast.eq(reader.o.p.last),
            self.m_axis_tvalid.eq(reader.o.valid & self.aresetn),
            reader.o.ready.eq(self.m_axis_tready & self.aresetn),
        ]
        return m

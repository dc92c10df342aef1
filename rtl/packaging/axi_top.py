"""The AXI top of a package: streams as the ``_axis`` top has them, configuration by AXI4-Lite."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from vit2rtl.rtl import latency
from vit2rtl.rtl.packaging.axi_lite import AxiLiteRegisters, axi_lite_ports
from vit2rtl.rtl.packaging.channel_tables import ChannelTables, stream_fields, top_streams
from vit2rtl.rtl.stream.axi_stream import add_unit, axi_stream_ports


class AxiTop(wiring.Component):
    """AXI4-Stream in and out, registers behind AXI4-Lite; per-channel values from tables, if any.

    No beat is taken while CONTROL.enable is 0, as after reset; what is inside drains. Latency:
    the unit's, one cycle more with tables. One beat a cycle under any back pressure.

    Parameters
    ----------
    register_map : vit2rtl.rtl.packaging.register_map.RegisterMap
    external : bool
        Instantiate the bare unit as a Verilog module of a file of its own.

    Members
    -------
    aclk, aresetn : In(1)
        All ports are synchronous to ``aclk``; ``aresetn`` is active low and synchronous.
    s_axi_* : AXI4-Lite subordinate, 32 bits
    s_axis_*, m_axis_* : the streams; TDATA as that of the ``_axis`` top, less what is in tables
    """

    def __init__(self, register_map, *, external=False):
        self.register_map = register_map
        self.instance = register_map.instance
        self.external = external
        super().__init__(
            {
                **axi_stream_ports(top_streams(register_map)),
                **axi_lite_ports(register_map.address_width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules.registers = registers = AxiLiteRegisters(self.register_map)
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        self._connect_registers(m, registers)

        fields, lanes = stream_fields(self.register_map), self.instance.lanes
        width = lanes * sum(f.width for f in fields)
        i_payload = Cat(self.s_axis_tdata[:width], self.s_axis_tlast)
        i_valid = Signal()
        i_ready = Signal()
        o_valid = Signal()
        taking = Signal()
        m.d.comb += [
            taking.eq(self.aresetn & registers.enable),
            i_valid.eq(self.s_axis_tvalid & taking),
            self.s_axis_tready.eq(i_ready & taking),
            self.m_axis_tvalid.eq(o_valid & self.aresetn),
        ]
        self._count(m, registers.busy)
        if self.register_map.table:
            m.submodules.tables = tables = ChannelTables(self.register_map)
            m.d.comb += [
                tables.enable.eq(registers.enable),
                tables.row_beats.eq(registers.row_beats),
                tables.row.eq(registers.table_row),
                tables.write.eq(registers.table_write),
                tables.data.eq(registers.table_data),
                registers.table_read.eq(tables.read),
                tables.i.payload.as_value().eq(i_payload),
                tables.i.valid.eq(i_valid),
                i_ready.eq(tables.i.ready),
            ]
            i_payload, i_valid = tables.o.payload.as_value(), tables.o.valid
            i_ready = tables.o.ready
        offered = Signal(lanes * sum(f.width for f in self.instance.outputs) + 1)
        m.d.comb += [self.m_axis_tdata.eq(offered[:-1]), self.m_axis_tlast.eq(offered[-1])]
        add_unit(
            m,
            self.instance,
            {f.name: getattr(registers, f.name) for f in self.instance.configuration},
            {
                "i": (i_payload, i_valid, i_ready),
                "o": (offered, o_valid, self.m_axis_tready),
            },
            external=self.external,
        )
        return m

    def _connect_registers(self, m, registers):
        for name, member in axi_lite_ports(self.register_map.address_width).items():
            inner, outer = getattr(registers, name), getattr(self, name)
            source, sink = (outer, inner) if member.flow == In else (inner, outer)
            # Nothing is offered in reset, so nothing is taken and no table is written.
            m.d.comb += sink.eq(source & self.aresetn if name.endswith("valid") else source)

    def _count(self, m, busy):
        """How many beats are inside: more than none is busy."""
        depth = latency(self.instance) + bool(self.register_map.table)
        beats_inside = Signal(range(depth + 1))
        enters = self.s_axis_tvalid & self.s_axis_tready
        leaves = self.m_axis_tvalid & self.m_axis_tready
        m.d.sync += beats_inside.eq(beats_inside + enters - leaves)
        m.d.comb += busy.eq(beats_inside != 0)

"""The AXI top of a package: streams as the ``_axis`` top has them, configuration by AXI4-Lite."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from vit2rtl.golden.units import Stream
from vit2rtl.rtl import latency
from vit2rtl.rtl.packaging.axi_lite import AxiLiteRegisters
from vit2rtl.rtl.packaging.axi_lite_bus import axi_lite_ports
from vit2rtl.rtl.packaging.channel_tables import ChannelTables
from vit2rtl.rtl.packaging.register_map import RegisterMap
from vit2rtl.rtl.packaging.table_loader import TableLoader
from vit2rtl.rtl.stream.axi_stream import Handshake, add_unit, axi_handshake, axi_stream_ports

_COUNT_BITS = 16  # of rows: more are never inside


class AxiTop(wiring.Component):
    """AXI4-Stream in and out, registers behind AXI4-Lite; per-channel values from tables, if any.

    No beat is taken while CONTROL.enable is 0, as after reset; what is inside drains. Latency:
    the unit's, one cycle more with tables. One beat a cycle under any back pressure. Table streams
    are no ports here: software writes their elements.

    *Inside* is, of a lane-wise unit, a beat that was taken and has not come out. A unit that holds
    something over a row gives another number of beats than it takes, so there a row is: it is
    inside from its first beat on each input, to its last beat on each output. Where no stream has
    rows, each beat counts as one. So every output has to give as many rows as each input takes, as
    units over rows do: of one that gives more or fewer, ``busy`` would stay 1 for ever. A table's
    beat that waits for the unit is inside, too, and no data are taken beside it.

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

    def __init__(self, register_map: RegisterMap, *, external: bool = False) -> None:
        self.register_map = register_map
        self.instance = register_map.instance
        self.external = external
        super().__init__(
            {
                **axi_stream_ports(register_map.streams),
                **axi_lite_ports(register_map.address_width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules.registers = registers = AxiLiteRegisters(self.register_map)
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        self._connect_registers(m, registers)
        taking = Signal()
        loading = [getattr(registers, f"{s.name}_loading") for s in self.instance.tables]
        waits = Cat(loading).any()
        open_ = self.aresetn & registers.enable
        m.d.comb += taking.eq(open_ & ~waits if loading else open_)
        streams = {
            s.name: axi_handshake(m, self, s, taking if s.enters else self.aresetn)
            for s in self.register_map.streams
        }
        inside = self._beats_inside(m) if self.instance.lane_wise else self._rows_inside(m)
        m.d.comb += registers.busy.eq(inside | waits if loading else inside)
        table = self.register_map.table
        if table:
            # A row that was begun goes on where it stopped.
            on = registers.enable if self.instance.lane_wise else registers.enable | inside
            i = streams[table.stream.name]
            streams[table.stream.name] = self._add_tables(m, registers, i, on)
        for s in self.instance.tables:
            streams[s.name] = self._add_loader(m, registers, s)
        configuration = {f.name: getattr(registers, f.name) for f in self.instance.configuration}
        add_unit(m, self.instance, configuration, streams, external=self.external)
        return m

    def _connect_registers(self, m: Module, registers: AxiLiteRegisters) -> None:
        for name, member in axi_lite_ports(self.register_map.address_width).items():
            inner, outer = getattr(registers, name), getattr(self, name)
            source, sink = (outer, inner) if member.flow == In else (inner, outer)
            # Nothing is offered in reset, so nothing is taken and no table is written.
            m.d.comb += sink.eq(source & self.aresetn if name.endswith("valid") else source)

    def _add_tables(
        self, m: Module, registers: AxiLiteRegisters, i: Handshake, on: Value
    ) -> Handshake:
        """Channel tables behind a stream, from row 0 where not ``on``; what the unit takes."""
        m.submodules.tables = tables = ChannelTables(self.register_map)
        payload, valid, ready = i
        m.d.comb += [
            tables.enable.eq(on),
            tables.row_beats.eq(registers.row_beats),
            tables.row.eq(registers.table_row),
            tables.write.eq(registers.table_write),
            tables.data.eq(registers.table_data),
            registers.table_read.eq(tables.read),
            tables.i.payload.as_value().eq(payload),
            tables.i.valid.eq(valid),
            ready.eq(tables.i.ready),
        ]
        return tables.o.payload.as_value(), tables.o.valid, tables.o.ready

    def _add_loader(self, m: Module, registers: AxiLiteRegisters, s: Stream) -> Handshake:
        """What software writes, as the table stream that the unit takes."""
        m.submodules[f"loader{s.name.removeprefix('i')}"] = loader = TableLoader(s)
        m.d.comb += [
            loader.element.eq(getattr(registers, f"{s.name}_element")),
            loader.sent.eq(getattr(registers, f"{s.name}_sent")),
            getattr(registers, f"{s.name}_count").eq(loader.count),
            getattr(registers, f"{s.name}_loading").eq(loader.o.valid),
        ]
        return loader.o.payload.as_value(), loader.o.valid, loader.o.ready

    def _moves(self, s: Stream) -> Value:
        return getattr(self, f"{s.axi}_tvalid") & getattr(self, f"{s.axi}_tready")

    def _beats_inside(self, m: Module) -> Value:
        """Beats taken less beats given: more than none is busy."""
        depth = latency(self.instance) + bool(self.register_map.table)
        beats_inside = Signal(range(depth + 1))
        (source,), (sink,) = self.instance.sources, self.instance.sinks
        m.d.sync += beats_inside.eq(beats_inside + self._moves(source) - self._moves(sink))
        return beats_inside != 0

    def _rows_inside(self, m: Module) -> Value:
        """Rows begun, on any input, that have not ended on every output."""
        rows = any(s.rows for s in self.register_map.streams)  # of data: a table is one row
        counts: dict[str, Signal] = {}
        inside: list[Value] = []
        for s in self.register_map.streams:
            moves, last = self._moves(s), getattr(self, f"{s.axi}_tlast")
            count = counts[s.name] = Signal(_COUNT_BITS, name=f"ended_{s.name}")
            with m.If(moves & (last if rows else 1)):
                m.d.sync += count.eq(count + 1)
            if rows and s.enters:
                within = Signal(name=f"within_{s.name}")
                with m.If(moves):
                    m.d.sync += within.eq(~last)
                inside.append(within)
        inside += [counts[i.name] != counts[o.name]
                   for i in self.instance.sources for o in self.instance.sinks]
        return Cat(inside).any()

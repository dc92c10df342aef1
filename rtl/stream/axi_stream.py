"""The AXI4-Stream top of an instance: what users deploy, and what benches drive."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.hdl import Instance as VerilogInstance
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl import component
from vit2rtl.rtl.stream.stream_unit import shape


def lane_bits(fields):
    """Bits of one lane of a stream."""
    return sum(field.width for field in fields)


def tdata_width(fields, lanes):
    """Bits of TDATA: the lanes without gaps, padded with zeros to whole bytes."""
    return (lane_bits(fields) * lanes + 7) // 8 * 8


def axi_stream_ports(inputs, outputs, lanes):
    """Clock, reset and the two streams of a top, for lanes of these fields."""
    return {
        "aclk": In(1),
        "aresetn": In(1),
        "s_axis_tdata": In(tdata_width(inputs, lanes)),
        "s_axis_tvalid": In(1),
        "s_axis_tready": Out(1),
        "s_axis_tlast": In(1),
        "m_axis_tdata": Out(tdata_width(outputs, lanes)),
        "m_axis_tvalid": Out(1),
        "m_axis_tready": In(1),
        "m_axis_tlast": Out(1),
    }


class AxiStreamTop(wiring.Component):
    """AXI4-Stream wrapper of a unit: the same latency, throughput and back pressure.

    TDATA holds the lanes without gaps, lane 0 in the least significant bits, the first field of a
    lane in its least significant bits, padded with zeros up to whole bytes. While ``aresetn`` is
    low no beat is taken and none is offered.

    Parameters
    ----------
    instance : vit2rtl.golden.units.unit.Instance
    external : bool
        Instantiate the bare unit as a Verilog module of a file of its own.

    Members
    -------
    aclk, aresetn : In(1)
        All ports are synchronous to ``aclk``; ``aresetn`` is active low and synchronous.
    s_axis_tdata, s_axis_tvalid, s_axis_tlast : In;  s_axis_tready : Out
    m_axis_tdata, m_axis_tvalid, m_axis_tlast : Out;  m_axis_tready : In
    zero_point, shift_base, threshold_a, threshold_b : In
        Those that the instance has.
    """

    def __init__(self, instance, *, external=False):
        self.instance = instance
        self.external = external
        super().__init__(
            {
                **axi_stream_ports(instance.inputs, instance.outputs, instance.lanes),
                **{field.name: In(shape(field)) for field in instance.configuration},
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        i_valid = Signal()
        i_ready = Signal()
        o_valid = Signal()
        lanes = self.instance.lanes
        taken = Cat(self.s_axis_tdata[: lanes * lane_bits(self.instance.inputs)], self.s_axis_tlast)
        offered = Signal(lanes * lane_bits(self.instance.outputs) + 1)
        m.d.comb += [
            ClockSignal().eq(self.aclk),
            ResetSignal().eq(~self.aresetn),
            i_valid.eq(self.s_axis_tvalid & self.aresetn),
            self.s_axis_tready.eq(i_ready & self.aresetn),
            self.m_axis_tvalid.eq(o_valid & self.aresetn),
            self.m_axis_tdata.eq(offered[:-1]),
            self.m_axis_tlast.eq(offered[-1]),
        ]
        configuration = {f.name: getattr(self, f.name) for f in self.instance.configuration}
        add_unit(
            m,
            self.instance,
            configuration,
            external=self.external,
            i=(taken, i_valid, i_ready),
            o=(offered, o_valid, self.m_axis_tready),
        )
        return m


def add_unit(m, instance, configuration, *, external, i, o):
    """Add the bare unit as ``unit``, in the clock and reset of ``m``.

    configuration  field name -> value
    external       as a Verilog module of a file of its own
    i, o           (payload, valid, ready) of either stream; of ``i`` the ready, of ``o`` payload
                   and valid are driven
    """
    if external:
        streams = dict(zip(("i_i__payload", "i_i__valid", "o_i__ready"), i, strict=True))
        streams |= zip(("o_o__payload", "o_o__valid", "i_o__ready"), o, strict=True)
        settings = {f"i_{name}": value for name, value in configuration.items()}
        m.submodules.unit = VerilogInstance(
            instance.name, i_clk=ClockSignal(), i_rst=ResetSignal(), **streams, **settings
        )
        return
    m.submodules.unit = unit = component(instance)
    m.d.comb += [
        unit.i.payload.as_value().eq(i[0]),
        unit.i.valid.eq(i[1]),
        i[2].eq(unit.i.ready),
        o[0].eq(unit.o.payload.as_value()),
        o[1].eq(unit.o.valid),
        unit.o.ready.eq(o[2]),
        *(getattr(unit, name).eq(value) for name, value in configuration.items()),
    ]

"""The AXI4-Stream top of an instance: what users deploy, and what benches drive."""

from collections.abc import Iterable, Mapping

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Signal, Value
from amaranth.hdl import Instance as VerilogInstance
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from vit2rtl.golden.units import Instance, Stream
from vit2rtl.rtl.registry import component
from vit2rtl.rtl.stream.ports import shape

# Payload, valid and ready of a stream of the bare unit.
Handshake = tuple[Value, Value, Value]


def axi_stream_ports(streams: Iterable[Stream]) -> dict[str, Member]:
    """Clock, reset and the AXI4-Stream ports of a top."""
    ports = {"aclk": In(1), "aresetn": In(1)}
    for s in streams:
        forth, back = (In, Out) if s.enters else (Out, In)
        ports |= {
            f"{s.axi}_tdata": forth(s.tdata_width),
            f"{s.axi}_tvalid": forth(1),
            f"{s.axi}_tready": back(1),
            f"{s.axi}_tlast": forth(1),
        }
    return ports


class AxiStreamTop(wiring.Component):
    """AXI4-Stream wrapper of a unit: the same latency, throughput and back pressure.

    TDATA holds the lanes without gaps, lane 0 in the least significant bits, the first field of a
    lane in its least significant bits, padded with zeros up to whole bytes. While ``aresetn`` is
    low no beat is taken and none is offered.

    Parameters
    ----------
    instance : vit2rtl.golden.units.Instance
    external : bool
        Instantiate the bare unit as a Verilog module of a file of its own.

    Members
    -------
    aclk, aresetn : In(1)
        All ports are synchronous to ``aclk``; ``aresetn`` is active low and synchronous.
    s_axis_tdata, s_axis_tvalid, s_axis_tlast : In;  s_axis_tready : Out
        Of stream ``i``; ``s_axis_NAME_*`` of stream ``i_NAME``.
    m_axis_tdata, m_axis_tvalid, m_axis_tlast : Out;  m_axis_tready : In
        Of stream ``o``; ``m_axis_NAME_*`` of stream ``o_NAME``.
    zero_point, shift_base, threshold_a, threshold_b, … : In
        The configuration inputs that the instance has.
    """

    def __init__(self, instance: Instance, *, external: bool = False) -> None:
        self.instance = instance
        self.external = external
        super().__init__(
            {
                **axi_stream_ports(instance.streams),
                **{field.name: In(shape(field)) for field in instance.configuration},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        configuration = {f.name: getattr(self, f.name) for f in self.instance.configuration}
        streams = {s.name: axi_handshake(m, self, s, self.aresetn) for s in self.instance.streams}
        add_unit(m, self.instance, configuration, streams, external=self.external)
        return m


def axi_handshake(m: Module, top: wiring.Component, s: Stream, open_: Value) -> Handshake:
    """Connect the AXI4-Stream ports of a top; beats move only while ``open_`` is high."""
    data, valid, ready, last = (
        getattr(top, f"{s.axi}_{port}") for port in ("tdata", "tvalid", "tready", "tlast")
    )
    unit_valid = Signal(name=f"{s.name}_valid")
    if s.enters:
        unit_ready = Signal(name=f"{s.name}_ready")
        m.d.comb += [unit_valid.eq(valid & open_), ready.eq(unit_ready & open_)]
        return Cat(data[: s.beat_bits], last), unit_valid, unit_ready
    offered = Signal(s.beat_bits + 1, name=f"offered{s.name.removeprefix('o')}")
    m.d.comb += [valid.eq(unit_valid & open_), data.eq(offered[:-1]), last.eq(offered[-1])]
    return offered, unit_valid, ready


def add_unit(
    m: Module,
    instance: Instance,
    configuration: Mapping[str, Value],
    streams: Mapping[str, Handshake],
    *,
    external: bool,
) -> None:
    """Add the bare unit as ``unit``, in the clock and reset of ``m``.

    configuration  field name -> value
    streams        stream name -> handshake; of what enters the ready is driven, of what leaves
                   payload and valid
    external       as a Verilog module of a file of its own
    """
    if external:
        ports: dict[str, Value] = {}
        for s in instance.streams:
            forth, back = ("i", "o") if s.enters else ("o", "i")
            names = f"{forth}_{s.name}__payload", f"{forth}_{s.name}__valid"
            ports |= zip((*names, f"{back}_{s.name}__ready"), streams[s.name], strict=True)
        settings = {f"i_{name}": value for name, value in configuration.items()}
        m.submodules.unit = VerilogInstance(
            instance.name, i_clk=ClockSignal(), i_rst=ResetSignal(), **ports, **settings
        )
        return
    m.submodules.unit = unit = component(instance)
    for s in instance.streams:
        port = getattr(unit, s.name)
        inner = port.payload.as_value(), port.valid, port.ready
        outer = streams[s.name]
        into = (True, True, False) if s.enters else (False, False, True)
        m.d.comb += [
            a.eq(b) if inwards else b.eq(a)
            for a, b, inwards in zip(inner, outer, into, strict=True)
        ]
    m.d.comb += [getattr(unit, name).eq(value) for name, value in configuration.items()]

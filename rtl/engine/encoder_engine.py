"""The engine as users deploy it: three AXI4-Streams and AXI4-Lite registers."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetInserter, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import BEAT, Unit
from vit2rtl.rtl.engine.engine_core import EngineCore
from vit2rtl.rtl.engine.register_map import ADDRESS_WIDTH
from vit2rtl.rtl.engine.registers import ControlRegisters
from vit2rtl.rtl.packaging.axi_lite_bus import axi_lite_ports

SOURCES = {"s_axis_cmd": "cmd", "s_axis_image": "image"}
SINKS = {"m_axis_logits": "logits"}
AXIS = ("tdata", "tvalid", "tready", "tlast")


def ports() -> dict[str, Member]:
    """Ports of every engine: all but the taps."""
    streams: dict[str, Member] = {}
    for names, forth, back in ((SOURCES, In, Out), (SINKS, Out, In)):
        for name in names:
            streams |= {f"{name}_tdata": forth(BEAT), f"{name}_tvalid": forth(1),
                        f"{name}_tready": back(1), f"{name}_tlast": forth(1)}
    return {
        "aclk": In(1),
        "aresetn": In(1),
        **streams,
        **axi_lite_ports(ADDRESS_WIDTH),
        "irq": Out(1),
    }


class EncoderEngine(wiring.Component):
    """A vision transformer's encoder in integers: command stream and image in, logits out.

    Parameters
    ----------
    configuration : Configuration
    taps : bool
        With outputs that simulation watches: what each unit gives, ``tap_UNIT``, and when it is
        done, ``tap_done``.

    Members
    -------
    aclk, aresetn : In(1)
        All ports are synchronous to ``aclk``; ``aresetn`` is active low and synchronous.
    s_axis_cmd_*, s_axis_image_*, m_axis_logits_* : AXI4-Stream of 64 bits
        Nothing is taken or offered in reset; a soft reset takes back what is offered.
    s_axi_* : AXI4-Lite subordinate, 32 bits
    irq : Out(1)
    """

    def __init__(self, configuration: Configuration, *, taps: bool = False) -> None:
        self.configuration, self.taps = configuration, taps
        self.core = EngineCore(configuration)
        tapped = self.core.taps if taps else {}
        super().__init__({**ports(), **{name: Out(shape) for name, shape in tapped.items()}})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        m.submodules.registers = registers = ControlRegisters(self.configuration)
        core = self.core
        m.submodules.core = ResetInserter(registers.soft_reset)(core)
        for name, member in axi_lite_ports(ADDRESS_WIDTH).items():
            inner, outer = getattr(registers, name), getattr(self, name)
            source, sink = (outer, inner) if member.flow == In else (inner, outer)
            # Nothing is offered in reset, so nothing is taken.
            m.d.comb += sink.eq(source & self.aresetn if name.endswith("valid") else source)
        m.d.comb += [
            core.run.eq(registers.run),
            core.limit.eq(registers.limit),
            self.irq.eq(registers.irq),
        ]
        for name in ("busy", "ends", "error", "unit", "number", "images", "cycles", "turn",
                     "total"):
            m.d.comb += getattr(registers, name).eq(getattr(core, name))
        for unit in Unit:
            for kind, values in (("issued", core.issued), ("done", core.count)):
                m.d.comb += getattr(registers, f"{kind}_{unit.name.lower()}").eq(values[unit])
        self._connect_streams(m, self.aresetn & ~registers.soft_reset)
        if self.taps:
            m.d.comb += [getattr(self, name).eq(getattr(core, name)) for name in core.taps]
        return m

    def _connect_streams(self, m: Module, open_: object) -> None:
        for table, enters in ((SOURCES, True), (SINKS, False)):
            for name, stream in table.items():
                data, valid, ready, last = (getattr(self, f"{name}_{part}") for part in AXIS)
                inner = getattr(self.core, stream)
                if enters:
                    m.d.comb += [
                        inner.p.data.eq(data), inner.p.last.eq(last),
                        inner.valid.eq(valid & open_), ready.eq(inner.ready & open_),
                    ]
                else:
                    m.d.comb += [
                        data.eq(inner.p.data), last.eq(inner.p.last),
                        valid.eq(inner.valid & open_), inner.ready.eq(ready & open_),
                    ]

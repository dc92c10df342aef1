"""The engine without its registers: front end, units, buffers, counters."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.attention import AttentionUnit
from vit2rtl.rtl.engine.buffers import Buffers, port
from vit2rtl.rtl.engine.counters import KINDS, ImageCounters, Watchdog
from vit2rtl.rtl.engine.decoder import COUNT
from vit2rtl.rtl.engine.epilogue import EpilogueUnit
from vit2rtl.rtl.engine.faults import Faults
from vit2rtl.rtl.engine.front_end import FrontEnd
from vit2rtl.rtl.engine.layernorm import LayerNormUnit
from vit2rtl.rtl.engine.layouts import taps
from vit2rtl.rtl.engine.load import LoadUnit
from vit2rtl.rtl.engine.matmul import MatmulUnit
from vit2rtl.rtl.engine.ports import beats
from vit2rtl.rtl.engine.softmax import SoftmaxUnit
from vit2rtl.rtl.packaging.register_map import WORD

COMPONENTS = {
    Unit.LOAD: LoadUnit, Unit.MATMUL: MatmulUnit, Unit.EPILOGUE: EpilogueUnit,
    Unit.LAYERNORM: LayerNormUnit, Unit.SOFTMAX: SoftmaxUnit, Unit.ATTENTION: AttentionUnit,
}
# Bits of the count of instructions inside a unit.
INSIDE = 6


class EngineCore(wiring.Component):
    """Executes command streams, one image after the other.

    Members
    -------
    cmd, image : In(stream of {data: 64, last: 1})
    logits : Out(stream of {data: 64, last: 1})
    run : In(1), limit : In(32)
        Headers may be taken; the watchdog's limit.
    busy, ends : Out(1)
        An image is inside; one is done.
    error : Out(4), unit : Out(3), number : Out(16)
        As :class:`~vit2rtl.rtl.engine.faults.Faults` has them.
    images, cycles : Out(32), turn : Out(range(2 * units)), total : Out(32)
        As :class:`~vit2rtl.rtl.engine.counters.ImageCounters` has them.
    issued, count : Out(16) × units
    taps : Out
        ``tap_UNIT`` of the units that have one, and ``tap_done``, a bit a unit.
    """

    def __init__(self, configuration: Configuration) -> None:
        units = len(Unit)
        self.configuration = configuration
        self.taps = {
            **{f"tap_{unit.name.lower()}": shape for unit, shape in taps(configuration).items()},
            "tap_done": units,
        }
        super().__init__(
            {
                "cmd": In(beats()),
                "image": In(beats()),
                "logits": Out(beats()),
                "run": In(1),
                "limit": In(WORD),
                "busy": Out(1),
                "ends": Out(1),
                "error": Out(4),
                "unit": Out(3),
                "number": Out(COUNT),
                "images": Out(WORD),
                "cycles": Out(WORD),
                "turn": Out(range(len(KINDS) * units)),
                "total": Out(WORD),
                "issued": Out(COUNT).array(units),
                "count": Out(COUNT).array(units),
                **{name: Out(shape) for name, shape in self.taps.items()},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.front_end = front_end = FrontEnd(self.configuration)
        m.submodules.buffers = buffers = Buffers(self.configuration)
        m.submodules.faults = faults = Faults()
        m.submodules.counters = counters = ImageCounters()
        m.submodules.watchdog = watchdog = Watchdog()
        units: dict[Unit, Any] = {
            unit: component(self.configuration) for unit, component in COMPONENTS.items()
        }
        for unit, component in units.items():
            m.submodules[unit.name.lower()] = component
            self._connect(m, unit, component, front_end, buffers)
            m.d.comb += [
                faults.count[unit].eq(front_end.count[unit]),
                counters.busy[unit].eq(self._executes(m, unit, front_end)),
            ]
            if hasattr(component, "error"):
                m.d.sync += faults.units[unit].eq(component.error)
        load, matmul, epilogue = (
            units[unit] for unit in (Unit.LOAD, Unit.MATMUL, Unit.EPILOGUE)
        )
        wiring.connect(m, wiring.flipped(self.cmd), front_end.i)
        wiring.connect(m, wiring.flipped(self.image), load.image)
        wiring.connect(m, matmul.o, epilogue.i)
        wiring.connect(m, load.table, epilogue.table)
        wiring.connect(m, epilogue.o, wiring.flipped(self.logits))
        moves = Signal(3)
        m.d.sync += moves.eq(Cat(
            port.valid & port.ready for port in (self.cmd, self.image, self.logits)))
        m.d.comb += [
            load.finish.eq(front_end.ends),
            front_end.run.eq(self.run),
            front_end.stop.eq(faults.stop),
            faults.decoder.eq(front_end.error),
            faults.decoder_unit.eq(front_end.unit),
            faults.decoder_number.eq(front_end.number),
            faults.beyond.eq(buffers.beyond),
            faults.watchdog.eq(watchdog.expired),
            watchdog.limit.eq(self.limit),
            watchdog.occupied.eq(counters.occupied),
            watchdog.progress.eq(Cat(moves, front_end.done).any()),
            counters.begins.eq(front_end.begins),
            counters.ends.eq(front_end.ends),
            counters.stop.eq(faults.stop),
            counters.waiting.eq(front_end.waiting),
            self.busy.eq(counters.occupied),
            self.ends.eq(front_end.ends),
            self.tap_done.eq(front_end.done),
        ]
        for name in ("error", "unit", "number"):
            m.d.comb += getattr(self, name).eq(getattr(faults, name))
        for name in ("images", "cycles", "turn", "total"):
            m.d.comb += getattr(self, name).eq(getattr(counters, name))
        for unit in Unit:
            for name in ("issued", "count"):
                m.d.comb += getattr(self, name)[unit].eq(getattr(front_end, name)[unit])
        return m

    def _connect(
        self, m: Module, unit: Unit, component: Any, front_end: FrontEnd, buffers: Buffers
    ) -> None:
        """A unit to front end, buffers and taps, by the names of its members.

        ``done`` and errors are told a cycle later: they come at the end of a unit's longest paths.
        """
        name = unit.name.lower()
        m.d.sync += front_end.done[unit].eq(component.done)
        for member in component.signature.members:
            inner = getattr(component, member)
            act, _, buffer = member.partition("_")
            match act:
                case "instruction":
                    wiring.connect(m, getattr(front_end, name), inner)
                case "payload":
                    wiring.connect(m, getattr(front_end, f"payload_{name}"), inner)
                case "read" | "write":
                    wiring.connect(m, inner, getattr(buffers, port(unit, act, buffer)))
                case "tap":
                    m.d.comb += getattr(self, f"tap_{name}").eq(inner)

    def _executes(self, m: Module, unit: Unit, front_end: FrontEnd) -> Value:
        """Whether an instruction is offered to a unit, or taken and not done."""
        offered = getattr(front_end, unit.name.lower())
        taken = Signal(INSIDE, name=f"taken_{unit.name.lower()}")
        with m.If(offered.valid & offered.ready):
            m.d.sync += taken.eq(taken + 1)
        return offered.valid | (taken != front_end.count[unit][:INSIDE])

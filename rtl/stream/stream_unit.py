"""What the components of units share: ports from the registry, one pipeline control, lanes."""

from collections.abc import Mapping

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.stream.pipeline import PipelineControl
from vit2rtl.rtl.stream.ports import lane_layout, shape, signature


class UnitComponent(wiring.Component):
    """A unit of the registry: its streams and configuration inputs are the component's ports.

    Subclasses give ``unit`` (the registry's name) and the latency: a constant ``PIPELINE_CYCLES``,
    or ``cycles`` where it depends on the parameters.

    Attributes
    ----------
    instance : vit2rtl.golden.units.Instance
        What the component was made from.
    latency : int
        Cycles from the handshake of the input beat that completes a result to the result's first
        cycle on its stream, without back pressure.
    """

    unit: str
    PIPELINE_CYCLES: int

    def __init__(self, **parameters: int | str) -> None:
        self.instance = Instance.of(self.unit, **parameters)
        self.latency = self.cycles(self.instance.parameters)
        super().__init__(signature(self.instance))

    @classmethod
    def cycles(cls, parameters: Mapping[str, int | str]) -> int:
        """Latency for resolved parameters."""
        return cls.PIPELINE_CYCLES

    @classmethod
    def latency_formula(cls) -> str:
        """The same as an expression in the parameters, for people."""
        return str(cls.PIPELINE_CYCLES)


class Lane(wiring.Component):
    """The data path of one lane: registers only, moved by the enables of the unit's control.

    Members
    -------
    enable : In(depth)
        Bit n loads the registers of stage n.
    i, o : In, Out(one lane of the unit's streams)
        Without handshake; ``o`` comes from the registers of the last stage.
    """

    def __init__(self, instance: Instance, depth: int) -> None:
        self.instance = instance
        self.parameters = instance.parameters
        super().__init__(
            {
                "enable": In(depth),
                "i": In(lane_layout(instance.inputs)),
                "o": Out(lane_layout(instance.outputs)),
                **{field.name: In(shape(field)) for field in instance.configuration},
            }
        )


class StreamUnit(UnitComponent):
    """A lane-wise unit: the same lane side by side, one pipeline control for all.

    Subclasses give ``lane`` (a :class:`Lane`) besides what :class:`UnitComponent` asks for.
    """

    lane: type[Lane]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.control = control = PipelineControl(self.latency)
        m.d.comb += control.between(self.i, self.o)
        for n in range(self.instance.lanes):
            lane = self.lane(self.instance, self.latency)
            m.submodules[f"lane_{n}"] = lane
            m.d.comb += [
                lane.enable.eq(control.enable),
                lane.i.eq(self.i.p.lanes[n]),
                self.o.p.lanes[n].eq(lane.o),
            ]
            for field in self.instance.configuration:
                m.d.comb += getattr(lane, field.name).eq(getattr(self, field.name))
        return m

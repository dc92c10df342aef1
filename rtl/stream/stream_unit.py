"""What the units share: ports from the registry, one pipeline control, a data path a lane."""

from amaranth.hdl import Module, Shape
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.stream.pipeline import PipelineControl


def shape(field):
    """The Amaranth shape of a registry field."""
    return Shape(field.width, field.signed)


def beat_layout(fields, lanes):
    """One beat: the lanes from the least significant bits up, then ``last``."""
    lane = data.StructLayout({field.name: shape(field) for field in fields})
    return data.StructLayout({"lanes": data.ArrayLayout(lane, lanes), "last": 1})


def signature(instance):
    """Ports of an instance: streams ``i`` and ``o``, configuration inputs under their own names."""
    return wiring.Signature(
        {
            "i": In(stream.Signature(beat_layout(instance.inputs, instance.lanes))),
            "o": Out(stream.Signature(beat_layout(instance.outputs, instance.lanes))),
            **{field.name: In(shape(field)) for field in instance.configuration},
        }
    )


class Lane(wiring.Component):
    """The data path of one lane: registers only, moved by the enables of the unit's control.

    Members
    -------
    enable : In(depth)
        Bit n loads the registers of stage n.
    i, o : In, Out(one lane of the unit's streams)
        Without handshake; ``o`` comes from the registers of the last stage.
    """

    def __init__(self, instance, depth):
        self.instance = instance
        self.parameters = instance.parameters
        inputs, outputs = (
            data.StructLayout({field.name: shape(field) for field in fields})
            for fields in (instance.inputs, instance.outputs)
        )
        super().__init__(
            {
                "enable": In(depth),
                "i": In(inputs),
                "o": Out(outputs),
                **{field.name: In(shape(field)) for field in instance.configuration},
            }
        )


class StreamUnit(wiring.Component):
    """A unit of the registry: the same lane side by side, one pipeline control for all.

    Subclasses give ``unit`` (the registry's name), ``lane`` (a :class:`Lane`) and the latency:
    a constant ``PIPELINE_CYCLES``, or ``cycles`` where it depends on the parameters.

    Attributes
    ----------
    instance : vit2rtl.golden.units.unit.Instance
        What the component was made from.
    latency : int
        Cycles from a beat's handshake on ``i`` to its first cycle on ``o`` without back pressure.
    """

    unit: str
    lane: type[Lane]
    PIPELINE_CYCLES: int

    def __init__(self, **parameters):
        self.instance = Instance.of(self.unit, **parameters)
        self.latency = self.cycles(self.instance.parameters)
        super().__init__(signature(self.instance))

    @classmethod
    def cycles(cls, parameters):
        """Latency for resolved parameters."""
        return cls.PIPELINE_CYCLES

    @classmethod
    def latency_formula(cls):
        """The same as an expression in the parameters, for people."""
        return str(cls.PIPELINE_CYCLES)

    def elaborate(self, platform):
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

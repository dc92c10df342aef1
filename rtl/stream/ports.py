"""Ports of a component from the description of its unit: a stream each, configuration inputs."""

from amaranth.hdl import Shape
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.units import Field, Instance, Stream


def shape(field: Field) -> Shape:
    """The Amaranth shape of a field."""
    return Shape(field.width, field.signed)


def lane_layout(fields: tuple[Field, ...]) -> data.StructLayout:
    """One element: the first field in the least significant bits."""
    return data.StructLayout({field.name: shape(field) for field in fields})


def beat_layout(fields: tuple[Field, ...], lanes: int) -> data.StructLayout:
    """One beat: the lanes from the least significant bits up, then ``last``."""
    return data.StructLayout({"lanes": data.ArrayLayout(lane_layout(fields), lanes), "last": 1})


def stream_signature(described: Stream) -> stream.Signature:
    """Payload, valid and ready of a stream, as the side that gives it has them."""
    return stream.Signature(beat_layout(described.fields, described.lanes))


def signature(instance: Instance) -> wiring.Signature:
    """Ports of an instance: its streams, then configuration inputs, under their own names."""
    return wiring.Signature(
        {
            **{s.name: (In if s.enters else Out)(stream_signature(s)) for s in instance.streams},
            **{field.name: In(shape(field)) for field in instance.configuration},
        }
    )

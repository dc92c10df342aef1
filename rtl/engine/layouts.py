"""What the engine's description holds as layouts of signals: operands, payloads, taps."""

from collections.abc import Iterable, Mapping

from amaranth.hdl import Shape
from amaranth.lib import data

from vit2rtl.golden.engine.instructions import OPERANDS, Field, Unit

# Bits of a code in a tap, whatever the configuration's.
TAP_BITS = 8


def layout(fields: Mapping[str, Field]) -> data.StructLayout:
    """Fields side by side, the first one in the least significant bits, as ``pack`` has them."""
    return data.StructLayout({k: Shape(field.width, field.signed) for k, field in fields.items()})


def operands(unit: Unit, names: Iterable[str] | None = None) -> data.StructLayout:
    """A unit's operands: all of them, or some."""
    fields = OPERANDS[unit]
    return layout(fields if names is None else {name: fields[name] for name in names})


def tap(lanes: int) -> data.StructLayout:
    """What a unit gives in a cycle, for simulation."""
    return data.StructLayout({"valid": 1, "codes": data.ArrayLayout(TAP_BITS, lanes)})

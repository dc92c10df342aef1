"""What the engine's description holds as layouts of signals: operands, payloads, taps."""

from collections.abc import Iterable, Mapping

from amaranth.hdl import Shape, signed
from amaranth.lib import data

from vit2rtl.golden.engine.buffers import STREAM_BITS
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import OPERANDS, WORD, Field, Unit

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


def epilogue_tap(configuration: Configuration) -> data.StructLayout:
    """Results in front of the table, and what it has for them."""
    return data.StructLayout({
        "valid": 1,
        "values": data.ArrayLayout(signed(STREAM_BITS), WORD),
        "entries": data.ArrayLayout(configuration.code_bits, WORD),
    })


def taps(configuration: Configuration) -> dict[Unit, data.StructLayout]:
    """Of the units that have one, what they give in a cycle."""
    return {
        Unit.EPILOGUE: epilogue_tap(configuration),
        Unit.LAYERNORM: tap(configuration.layernorm_lanes),
        Unit.SOFTMAX: tap(configuration.softmax_lanes),
        Unit.ATTENTION: tap(1),
    }


def tap_bits(configuration: Configuration) -> dict[str, int]:
    """{port of the engine: its bits}: ``valid``, then elements side by side."""
    return {f"tap_{unit.name.lower()}": layout.size
            for unit, layout in taps(configuration).items()}

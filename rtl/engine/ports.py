"""Ports of the engine's units: instructions, payload, and buffers (``read_stream``, …)."""

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import Buffer
from vit2rtl.golden.engine.instructions import BEAT, CONTROL, OPERANDS, Unit
from vit2rtl.golden.engine.limits import OPCODES
from vit2rtl.rtl.engine.layouts import layout


def read_port(buffer: Buffer) -> wiring.Signature:
    """``data`` is there in the cycle after ``en``, and stays until the next ``en``.

    Where another port gives way to it, ``data`` is there in that one cycle.
    """
    return wiring.Signature(
        {"en": Out(1), "addr": Out(buffer.address), "data": In(buffer.width)}
    )


def shared_read_port(buffer: Buffer) -> wiring.Signature:
    """A read port that gives way to another one: reads where ``en`` and ``ready`` are high.

    Its word stays until it reads again, whatever the other one reads.
    """
    return wiring.Signature(
        {"en": Out(1), "ready": In(1), "addr": Out(buffer.address), "data": In(buffer.width)}
    )


def write_port(buffer: Buffer) -> wiring.Signature:
    """Writes the parts of a word whose bit of ``en`` is high, part 0 in the lowest bits."""
    return wiring.Signature(
        {"en": Out(buffer.parts), "addr": Out(buffer.address), "data": Out(buffer.width)}
    )


def shared_write_port(buffer: Buffer) -> wiring.Signature:
    """A write port that gives way to another one: writes where ``en`` and ``ready`` are high."""
    return wiring.Signature(
        {"en": Out(1), "ready": In(1), "addr": Out(buffer.address), "data": Out(buffer.width)}
    )


def instruction(unit: Unit) -> stream.Signature:
    """The operands of a unit's instruction, its opcode before them where the unit has several."""
    fields = OPERANDS[unit]
    if OPCODES[unit] > 1:
        fields = {"opcode": CONTROL["opcode"], **fields}
    return stream.Signature(layout(fields))


def payload() -> stream.Signature:
    """Beats that follow an instruction."""
    return stream.Signature(BEAT)


def beats() -> stream.Signature:
    """What enters and leaves the engine: image, logits, commands."""
    return stream.Signature(data.StructLayout({"data": BEAT, "last": 1}))

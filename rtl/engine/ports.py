"""Ports of the buffers, as the units have them: ``read_stream``, ``write_queries``, …"""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import Buffer

# One bit more than an instruction's addresses: what runs beyond a buffer does not come back to its
# beginning, and the buffer sees it. Units add their strides in as many bits.
ADDRESS = 17


def read_port(buffer: Buffer) -> wiring.Signature:
    """``data`` is there in the cycle after ``en``, and stays until the next ``en``."""
    return wiring.Signature(
        {"en": Out(1), "addr": Out(ADDRESS), "data": In(buffer.width)}
    )


def shared_read_port(buffer: Buffer) -> wiring.Signature:
    """A read port that gives way to another one: reads where ``en`` and ``ready`` are high."""
    return wiring.Signature(
        {"en": Out(1), "ready": In(1), "addr": Out(ADDRESS), "data": In(buffer.width)}
    )


def write_port(buffer: Buffer) -> wiring.Signature:
    """Writes the parts of a word whose bit of ``en`` is high, part 0 in the lowest bits."""
    return wiring.Signature(
        {"en": Out(buffer.parts), "addr": Out(ADDRESS), "data": Out(buffer.width)}
    )

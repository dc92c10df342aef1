"""The engine's registers as plain data."""

from collections.abc import Iterator

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Unit, signature
from vit2rtl.rtl.packaging.register_map import WORD, Bits, Register

ID = int.from_bytes(b"V2RE")
VERSION = 1, 0
ADDRESS_WIDTH = 8
BYTES = WORD // 8
WATCHDOG = 1 << 16  # cycles, unless software says otherwise


def register_map(configuration: Configuration) -> tuple[Register, ...]:
    """Registers in the order of their offsets.

    access  ``r``, ``rw``, or ``w1c``: read, and a bit that is written as 1 is cleared
    source  the member of :class:`~vit2rtl.rtl.engine.registers.ControlRegisters` that is read, or
            empty: what the reset value says
    """
    return (*_fixed(configuration), *_control(), *_units())


def _word(name: str, offset: int, summary: str, source: str = "", **bits: int) -> Register:
    width = bits.get("width", WORD)
    return Register(name, offset, "r", summary,
                    (Bits(name.lower(), 0, width, summary, reset=bits.get("reset", 0)),),
                    source=source)


def _fixed(c: Configuration) -> Iterator[Register]:
    yield _word("ID", 0x00, "what this is: `V2RE` in ASCII", reset=ID)
    yield Register("VERSION", 0x04, "r", "version of the register map", (
        Bits("minor", 0, 16, "additions that older software may ignore", reset=VERSION[1]),
        Bits("major", 16, 16, "changes that it may not", reset=VERSION[0]),
    ))
    yield _word("CONFIGURATION", 0x08, "what command streams have to be compiled for: the upper "
                "half of their header", reset=signature(c))
    yield Register("GEOMETRY", 0x0C, "r", "sizes of the array", (
        Bits("rows", 0, 8, "inputs of a stationary tile", reset=c.rows),
        Bits("columns", 8, 8, "outputs of a stationary tile", reset=c.columns),
        Bits("base", 16, 8, "bits of a digit of a code", reset=c.base),
    ))


def _control() -> Iterator[Register]:
    yield Register("CONTROL", 0x10, "rw", "starts and stops", (
        Bits("run", 0, 1, "1: headers of command streams are taken"),
        Bits("irq_enable", 1, 1, "1: `irq` follows INTERRUPT"),
        Bits("soft_reset", 2, 1, "write 1: forgets all but memories, CONTROL and WATCHDOG"),
    ), source="control")
    yield Register("STATUS", 0x14, "r", "what goes on", (
        Bits("busy", 0, 1, "an image is inside"),
        Bits("error", 1, 1, "the engine has stopped"),
    ), source="status")
    yield Register("INTERRUPT", 0x18, "w1c", "what has happened", (
        Bits("image", 0, 1, "an image is done"),
        Bits("error", 1, 1, "the engine has stopped"),
    ), source="interrupt")
    yield Register("ERROR", 0x1C, "r", "the first error since reset", (
        Bits("code", 0, 4, "0: none"),
        Bits("unit", 4, 3, "unit of the instruction, 7: of none"),
        Bits("instruction", 16, 16, "which one of the unit's since reset, modulo 65536"),
    ), source="error")
    yield _word("IMAGES", 0x20, "images done since reset", "images")
    yield _word("CYCLES", 0x24, "of the image that is inside, or of the last one", "cycles")
    yield Register("WATCHDOG", 0x28, "rw", "limit of cycles in which nothing moves", (
        Bits("limit", 0, WORD, "0: none", reset=WATCHDOG),
    ), source="watchdog")


def _units() -> Iterator[Register]:
    """Of each unit, in the order of their numbers."""
    for n, (kind, width, summary) in enumerate((
        ("ISSUED", 16, "instructions given to it since reset, modulo 65536"),
        ("DONE", 16, "instructions it has done since reset, modulo 65536"),
        ("BUSY", WORD, "cycles of the image in which it executed an instruction"),
        ("WAIT", WORD, "cycles of the image in which its next instruction waited for others"),
    )):
        for unit in Unit:
            offset = 0x40 + 0x20 * n + BYTES * unit
            yield _word(f"{kind}_{unit.name}", offset, f"{unit.name.lower()}: {summary}",
                        f"{kind.lower()}_{unit.name.lower()}", width=width)

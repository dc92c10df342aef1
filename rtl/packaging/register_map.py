"""The register map of an instance as plain data: RTL, SystemRDL, C and documents come from it."""

import hashlib
from dataclasses import dataclass

from vit2rtl.golden.units import Field, Instance

WORD = 32
ID = int.from_bytes(b"V2RT")
VERSION = 1, 0
CONFIGURATION = 0x40
SMALLEST_TABLE_OFFSET = 0x800
CHANNELS = 1024


@dataclass(frozen=True)
class Bits:
    """A field of a register: ``width`` bits from ``lsb`` up, its value after reset."""

    name: str
    lsb: int
    width: int
    summary: str
    signed: bool = False
    reset: int = 0


@dataclass(frozen=True)
class Register:
    """A 32-bit register. ``access``: ``r``, ``rw``, or ``idle``: written only while idle."""

    name: str
    offset: int
    access: str
    summary: str
    bits: tuple[Bits, ...]

    @property
    def reset(self):
        return sum(field.reset << field.lsb for field in self.bits)


@dataclass(frozen=True)
class Table:
    """Per-channel values: ``words`` for each of ``rows`` × ``lanes`` channels, from ``offset`` up.

    Channel c is in row ``c // lanes``, lane ``c % lanes``. A lane takes ``lane_stride`` bytes, a
    row ``row_stride``; both are powers of two. ``fields`` are packed from bit 0 of the first word.
    """

    offset: int
    rows: int
    lanes: int
    fields: tuple[Field, ...]
    words: tuple[tuple[Bits, ...], ...]

    @property
    def lane_stride(self):
        return WORD // 8 * _power_of_two(len(self.words))

    @property
    def row_stride(self):
        return self.lane_stride * _power_of_two(self.lanes)

    @property
    def size(self):
        return self.row_stride * self.rows

    @property
    def width(self):
        return sum(field.width for field in self.fields)


@dataclass(frozen=True)
class RegisterMap:
    """What AXI4-Lite reaches in the ``_axi`` top of an instance."""

    instance: Instance
    registers: tuple[Register, ...]
    table: Table | None
    address_width: int

    def register(self, name):
        return next(register for register in self.registers if register.name == name)


def register_map(instance, *, channels=CHANNELS):
    """The register map of an instance.

    channels  how many output channels the tables hold at least; 0: no tables, the per-channel
              values travel in the stream
    """
    if isinstance(channels, bool) or not isinstance(channels, int) or not 0 <= channels <= 65536:
        raise ValueError(f"Channels must be between 0 and 65536, not {channels!r}")
    fields = tuple(field for field in instance.inputs if field.channel) if channels else ()
    rows = max(2, _power_of_two(-(-channels // instance.lanes))) if fields else 0
    table = None
    if fields:
        layout = Table(0, rows, instance.lanes, fields, _words(fields))
        offset = max(layout.size, SMALLEST_TABLE_OFFSET)
        table = Table(offset, rows, instance.lanes, fields, layout.words)
    registers = (*_fixed(instance, rows), *_configuration(instance))
    address_width = (2 * (table.offset if table else SMALLEST_TABLE_OFFSET) - 1).bit_length()
    return RegisterMap(instance, registers, table, address_width)


def _fixed(instance, rows):
    digest = hashlib.sha256(instance.name.encode()).digest()
    yield Register(
        "ID", 0x00, "r", "what this is",
        (Bits("magic", 0, 32, "`V2RT` in ASCII", reset=ID),),
    )
    yield Register(
        "VERSION", 0x04, "r", "version of the register map",
        (
            Bits("minor", 0, 16, "additions that older software may ignore", reset=VERSION[1]),
            Bits("major", 16, 16, "changes that it may not", reset=VERSION[0]),
        ),
    )
    yield Register(
        "INSTANCE", 0x08, "r", "which instance this is",
        (
            Bits(
                "name_hash", 0, 32, "first 32 bits of the SHA-256 of the instance's name",
                reset=int.from_bytes(digest[:4]),
            ),
        ),
    )
    yield Register(
        "GEOMETRY", 0x0C, "r", "lanes and rows",
        (
            Bits("lanes", 0, 8, "elements a beat", reset=instance.lanes),
            Bits("rows", 8, 24, "rows of the channel tables, 0 without tables", reset=rows),
        ),
    )
    yield Register(
        "CONTROL", 0x10, "rw", "starts and stops the stream",
        (Bits("enable", 0, 1, "1: beats are taken; 0: none is, those inside drain"),),
    )
    yield Register(
        "STATUS", 0x14, "r", "what goes on",
        (Bits("busy", 0, 1, "a beat is inside"),),
    )
    if rows:
        yield Register(
            "ROW_BEATS", 0x18, "idle", "beats after which the channels begin again",
            (
                Bits(
                    "beats", 0, rows.bit_length(),
                    "beats of all channels together, channels / lanes rounded up; 0: at TLAST only",
                ),
            ),
        )


def _configuration(instance):
    offset = CONFIGURATION
    for field in instance.configuration:
        words = _words((field,))
        for number, bits in enumerate(words):
            name = field.name.upper() + (f"_{number}" if len(words) > 1 else "")
            yield Register(name, offset, "idle", f"configuration `{field.name}`", bits)
            offset += WORD // 8


def _words(fields):
    """Fields packed from bit 0 up, cut where a word ends; the pieces of a cut one are numbered."""
    words, position = {}, 0
    for field in fields:
        pieces, left = [], field.width
        while left:
            word, lsb = divmod(position, WORD)
            width = min(left, WORD - lsb)
            pieces.append((word, lsb, width))
            position, left = position + width, left - width
        for number, (word, lsb, width) in enumerate(pieces):
            name = field.name + (f"_{number}" if len(pieces) > 1 else "")
            top = number == len(pieces) - 1
            kind = "two's complement" if field.signed and top else "unsigned"
            piece = Bits(name, lsb, width, f"`{field.name}`, {kind}", field.signed and top)
            words.setdefault(word, []).append(piece)
    return tuple(tuple(bits) for bits in words.values())


def _power_of_two(number):
    """The smallest power of two that is not below."""
    return 1 << (number - 1).bit_length()

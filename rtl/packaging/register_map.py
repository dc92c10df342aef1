"""The register map of an instance as plain data: RTL, SystemRDL, C and documents come from it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from vit2rtl.golden.units import Field, Instance, Stream

WORD = 32
ID = int.from_bytes(b"V2RT")
VERSION = 1, 0
CONFIGURATION = 0x40
SMALLEST_TABLE_OFFSET = 0x800
CHANNELS = 1024


class Role(Enum):
    """What the ``_axi`` top connects a register to."""

    CONSTANT = auto()  # nothing: it reads as its reset value
    CONTROL = auto()
    STATUS = auto()
    ROW_BEATS = auto()
    CONFIGURATION = auto()
    ELEMENT = auto()  # of a table stream: the next element, or a word of it
    COUNT = auto()  # of a table stream: elements written


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
    """A 32-bit register.

    access  ``r``, ``rw``, ``idle``: written only while idle, ``w``: so, and it reads as 0, or
            ``w1c``: read, and a bit that is written as 1 is cleared
    word    which one it is of what takes several, from 0
    sends   of an element: a write to it sends the element on
    source  name of the configuration input or table stream that it belongs to
    """

    name: str
    offset: int
    access: str
    summary: str
    bits: tuple[Bits, ...]
    role: Role = Role.CONSTANT
    word: int = 0
    sends: bool = False
    source: str = ""

    @property
    def reset(self) -> int:
        return sum(field.reset << field.lsb for field in self.bits)

    @property
    def constant(self) -> bool:
        return self.role is Role.CONSTANT and not self.source


@dataclass(frozen=True)
class Table:
    """Per-channel values: ``words`` for each of ``rows`` × ``lanes`` channels, from ``offset`` up.

    Channel c is in row ``c // lanes``, lane ``c % lanes``. A lane takes ``lane_stride`` bytes, a
    row ``row_stride``; both are powers of two. ``fields`` of ``stream`` do not travel in it and are
    packed from bit 0 of the first word.
    """

    offset: int
    rows: int
    stream: Stream
    words: tuple[tuple[Bits, ...], ...]

    @property
    def lanes(self) -> int:
        return self.stream.lanes

    @property
    def fields(self) -> tuple[Field, ...]:
        """Of the stream, those that have a value a channel."""
        return tuple(field for field in self.stream.fields if field.channel)

    @property
    def lane_stride(self) -> int:
        return WORD // 8 * _power_of_two(len(self.words))

    @property
    def row_stride(self) -> int:
        return self.lane_stride * _power_of_two(self.lanes)

    @property
    def size(self) -> int:
        return self.row_stride * self.rows

    @property
    def width(self) -> int:
        return sum(field.width for field in self.fields)


@dataclass(frozen=True)
class RegisterMap:
    """What AXI4-Lite reaches in the ``_axi`` top of an instance."""

    instance: Instance
    registers: tuple[Register, ...]
    table: Table | None
    address_width: int

    @property
    def name(self) -> str:
        return self.instance.name

    @property
    def top(self) -> str:
        return f"{self.name}_axi"

    def register(self, name: str) -> Register:
        return next(register for register in self.registers if register.name == name)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams of the ``_axi`` top: what tables hold does not travel."""
        held = self.table.fields if self.table else ()
        return tuple(
            replace(s, fields=tuple(f for f in s.fields if f not in held)) if s.enters else s
            for s in (*self.instance.sources, *self.instance.sinks)
        )


def register_map(instance: Instance, *, channels: int = CHANNELS) -> RegisterMap:
    """The register map of an instance.

    channels  how many output channels the tables hold at least; 0: no tables, the per-channel
              values travel in the stream
    """
    if isinstance(channels, bool) or not isinstance(channels, int) or not 0 <= channels <= 65536:
        raise ValueError(f"Channels must be between 0 and 65536, not {channels!r}")
    table = _table(instance, channels) if channels else None
    fixed = tuple(_fixed(instance, table.rows if table else 0))
    registers = (*fixed, *_configuration(instance, CONFIGURATION))
    end = max(register.offset for register in registers) + WORD // 8
    registers += tuple(_loaded(instance, max(end, CONFIGURATION)))
    address_width = (2 * (table.offset if table else SMALLEST_TABLE_OFFSET) - 1).bit_length()
    return RegisterMap(instance, registers, table, address_width)


def _table(instance: Instance, channels: int) -> Table | None:
    """Per-channel values of the one stream that has such; None where none has."""
    streams = [s for s in instance.sources if any(field.channel for field in s.fields)]
    if not streams:
        return None
    if len(streams) > 1:
        names = ", ".join(s.name for s in streams)
        raise ValueError(f"Channel tables are of one stream, and {names} have values a channel")
    (stream,) = streams
    rows = max(2, _power_of_two(-(-channels // stream.lanes)))
    table = Table(0, rows, stream, ())
    table = replace(table, words=_words(table.fields))
    return replace(table, offset=max(table.size, SMALLEST_TABLE_OFFSET))


def _fixed(instance: Instance, rows: int) -> Iterator[Register]:
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
        Role.CONTROL,
    )
    yield Register(
        "STATUS", 0x14, "r", "what goes on",
        (Bits("busy", 0, 1, "a beat is inside"),),
        Role.STATUS,
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
            Role.ROW_BEATS,
        )


def _configuration(instance: Instance, offset: int) -> Iterator[Register]:
    for field in instance.configuration:
        words = _words((field,))
        for number, bits in enumerate(words):
            name = field.name.upper() + (f"_{number}" if len(words) > 1 else "")
            yield Register(name, offset, "idle", f"configuration `{field.name}`", bits,
                           Role.CONFIGURATION, number, source=field.name)
            offset += WORD // 8


def _loaded(instance: Instance, offset: int) -> Iterator[Register]:
    """Of each table stream: the next element, from its lowest word up, and how many there were."""
    for stream in instance.tables:
        title = stream.name.partition("_")[2].upper()
        words = _words(stream.fields)
        for number, bits in enumerate(words):
            sends = number == len(words) - 1
            yield Register(
                f"{title}_DATA" + (f"_{number}" if len(words) > 1 else ""), offset, "w",
                f"table `{stream.name}`: " + (
                    "a write sends the next element" if sends else "a word of the next element"),
                bits, Role.ELEMENT, number, sends, stream.name,
            )
            offset += WORD // 8
        count = stream.entries.bit_length()
        yield Register(
            f"{title}_COUNT", offset, "r", f"table `{stream.name}`: what has been written",
            (
                Bits("count", 0, count, f"elements so far, of {stream.entries}"),
                Bits("complete", WORD - 1, 1, "1: all; the next element begins anew"),
            ),
            Role.COUNT, source=stream.name,
        )
        offset += WORD // 8


def _words(fields: Sequence[Field]) -> tuple[tuple[Bits, ...], ...]:
    """Fields packed from bit 0 up, cut where a word ends; the pieces of a cut one are numbered."""
    words: dict[int, list[Bits]] = {}
    position = 0
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


def _power_of_two(number: int) -> int:
    """The smallest power of two that is not below."""
    return 1 << (number - 1).bit_length()

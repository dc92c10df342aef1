"""The engine's command stream: units, instructions, their fields and payloads.

A stream of 64-bit beats, of one image: the header, then instructions in the order in which they are
delivered. An instruction is ``BEATS`` beats, its first the control beat (``CONTROL``), the others
``OPERANDS`` of its unit, packed from bit 0 of the first of them; then ``payload`` beats follow.

Units execute their own instructions in order. An instruction begins when its waits are met: each
names a unit and how far ``back`` of that unit's instructions delivered so far, so that it is met
when ``done[unit] >= issued[unit] - back``; both counters modulo 2**16, never cleared between
images. The array and the epilogue need no waits for each other: the epilogue's n-th instruction
drains the output tile of the array's n-th, and accumulator banks free themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from vit2rtl.golden.engine.configuration import Configuration

BEAT = 64
BEATS = 4
WAITS = 3
# Beside the units' numbers: an instruction that waits for less than WAITS units.
NO_UNIT = 7
MAGIC = 0x45325256  # "VR2E", little endian
# Values of the residual stream, logits of a row, channels of an epilogue's beat: a beat of 64 bits.
WORD = 4


class Unit(IntEnum):
    """Who executes an instruction."""

    LOAD = 0
    MATMUL = 1
    EPILOGUE = 2
    LAYERNORM = 3
    SOFTMAX = 4
    ATTENTION = 5


class Load(IntEnum):
    """What a load fills: opcodes of its unit."""

    STREAM = 0
    PATCHES = 1
    TABLE = 2


class Source(IntEnum):
    """Buffers whose rows stream through the array."""

    NORMALIZED = 0
    ATTENDED = 1
    KEYS = 2
    HIDDEN = 3


class Destination(IntEnum):
    """Where an epilogue's results go."""

    QUERIES = 0
    KEYS = 1
    VALUES = 2
    HIDDEN = 3
    LOGITS = 4
    STREAM = 5
    OUTPUT = 6


@dataclass(frozen=True)
class Field:
    """Bits of an instruction."""

    width: int
    signed: bool = False


ADDRESS, STRIDE = Field(16), Field(12)
_ROWS = Field(11)
_FLAG = Field(1)

CONTROL: dict[str, Field] = {
    "opcode": Field(4),
    "unit": Field(3),
    "payload": Field(16),
    **{f"{part}_{n}": Field(width) for n in range(WAITS)
       for part, width in (("wait", 3), ("back", 9))},
}

OPERANDS: dict[Unit, dict[str, Field]] = {
    # STREAM: payload of WORD signed values a beat to words base, base + 1, …; PATCHES: from the
    # image stream, code words base + n * digits; TABLE: payload of eight entries a beat, from 0 on.
    Unit.LOAD: {
        "base": ADDRESS,
        "count": Field(16),  # words of the stream, code words, or entries
        "two_digits": _FLAG,
    },
    # Word of (row, k tile, digit): base + row * row_stride + k tile * tile_stride + digit; the
    # upper digit is 0. Stationary operands: from the payload, or the codes of a query a column.
    Unit.MATMUL: {
        "source": Field(3),
        "base": ADDRESS,
        "row_stride": STRIDE,
        "tile_stride": STRIDE,
        "rows": _ROWS,
        "k_tiles": Field(10),
        "two_code_digits": _FLAG,
        "two_weight_digits": _FLAG,
        "dynamic": _FLAG,
        "query_base": ADDRESS,
        "query_row_stride": STRIDE,
        "query_tile_stride": STRIDE,
        "queries": Field(8),
        "query_zero_point": Field(9),
        "key_zero_point": Field(10, signed=True),
    },
    # Element group g (WORD columns) of a row: base + row * row_stride + g * group_stride, for code
    # buffers a word of all columns: base + row * row_stride + digit. Payload: a beat a column.
    Unit.EPILOGUE: {
        "destination": Field(3),
        "table": _FLAG,
        "add": _FLAG,  # to the residual stream's words at the same place
        "base": ADDRESS,
        "row_stride": STRIDE,
        "group_stride": STRIDE,
        "rows": _ROWS,
        "groups": Field(5),  # of WORD columns: fewer than all at the edge of OUTPUT only
        "two_digits": _FLAG,
        "shift_base": Field(6),
        "zero_point": Field(17, signed=True),
        "low": Field(17, signed=True),
        "high": Field(17, signed=True),
        "last": _FLAG,  # the image's last logits
    },
    # Payload, where "table" says so: configuration.channels beats of gain and offset.
    Unit.LAYERNORM: {
        "table": _FLAG,
        "stream_base": ADDRESS,
        "stream_row_stride": STRIDE,
        "rows": _ROWS,
        "columns": Field(13),
        "base": ADDRESS,
        "row_stride": STRIDE,
        "two_digits": _FLAG,
        "shift": Field(6),
        "epsilon": Field(60),
        "top": Field(8),
    },
    # Logits of queries 4 g .. 4 g + 3 and a key: logit_base + g * group_stride + key.
    Unit.SOFTMAX: {
        "logit_base": ADDRESS,
        "group_stride": STRIDE,
        "code_base": ADDRESS,  # a word of all queries of the tile for every key
        "keys": _ROWS,
        "queries": Field(8),
        "multiplier": Field(16),
        "shift": Field(6),
        "threshold_a": Field(32),
        "threshold_b": Field(32),
        "threshold_shift": Field(6),
        "top": Field(8),
    },
    # v: value_base + key * value_row_stride + channel tile; results: base + query * row_stride +
    # channel tile * tile_stride + digit.
    Unit.ATTENTION: {
        "code_base": ADDRESS,
        "keys": _ROWS,
        "queries": Field(8),
        "value_base": ADDRESS,
        "value_row_stride": STRIDE,
        "channel_tiles": Field(7),
        "base": ADDRESS,
        "row_stride": STRIDE,
        "tile_stride": STRIDE,
        "two_digits": _FLAG,
        "value_zero_point": Field(9),
        "multiplier_even": Field(17),
        "multiplier_odd": Field(17),
        "shift": Field(6),
        "zero_point": Field(9, signed=True),
        "top": Field(8),
    },
}

# What a beat of payload holds.
CHANNEL: dict[str, Field] = {  # of an epilogue's column; the shift less the instruction's base
    "bias": Field(32, signed=True),
    "multiplier": Field(16),
    "shift": Field(3),
}
AFFINE: dict[str, Field] = {"gain": Field(17, signed=True), "offset": Field(41, signed=True)}


def pack(fields: Mapping[str, Field], values: Mapping[str, int]) -> int:
    """Fields side by side, the first one in the least significant bits.

    A ValueError names the field that is missing, unknown or out of its range.
    """
    if unknown := values.keys() - fields.keys():
        raise ValueError(f"An instruction has no field {sorted(unknown)[0]!r}")
    word, place = 0, 0
    for name, field in fields.items():
        if name not in values:
            raise ValueError(f"Field {name!r} is missing")
        value, half = int(values[name]), 1 << field.width - 1
        low, high = (-half, half - 1) if field.signed else (0, 2 * half - 1)
        if not low <= value <= high:
            raise ValueError(f"Field {name!r} must be between {low} and {high}, not {value}")
        word |= (value & 2 * half - 1) << place
        place += field.width
    return word


def unpack(fields: Mapping[str, Field], word: int) -> dict[str, int]:
    """The inverse of :func:`pack`."""
    values = {}
    for name, field in fields.items():
        value = word & (1 << field.width) - 1
        values[name] = value - (value >> field.width - 1 << field.width if field.signed else 0)
        word >>= field.width
    return values


def width(fields: Iterable[Field]) -> int:
    """Bits of fields side by side."""
    return sum(field.width for field in fields)


def signature(configuration: Configuration) -> int:
    """32 bits that tell configurations apart, whatever their names."""
    sizes = {k: v for k, v in vars(configuration).items() if k != "name"}
    return int.from_bytes(sha256(repr(sorted(sizes.items())).encode()).digest()[:4], "little")


def header(configuration: Configuration) -> int:
    """The first beat of a command stream: MAGIC, and above it what it was compiled for."""
    return MAGIC | signature(configuration) << 32

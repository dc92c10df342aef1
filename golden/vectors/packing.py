"""Elements to beats to the text of ``$readmemh`` files, and back.

A beat is ``lanes`` elements side by side, lane 0 in the least significant bits; an element is its
fields side by side, the first in the least significant bits, two's complement where signed. Beats
are held as ``uint64[beats, words]``, least significant word first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from vit2rtl.golden.units.unit import Field

_WORD = 64
_DIGITS = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint16)
_NO_DIGIT = 255
_NIBBLES = np.full(256, _NO_DIGIT, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = range(16)
_NIBBLES[np.frombuffer(b"ABCDEF", np.uint8)] = range(10, 16)


def lane_bits(fields: Iterable[Field]) -> int:
    """Bits of one lane."""
    return sum(field.width for field in fields)


def beat_bits(fields: Iterable[Field], lanes: int) -> int:
    """Bits of one beat, without the padding to bytes that AXI4-Stream asks for."""
    return lanes * lane_bits(fields)


def line_digits(bits: int) -> int:
    """Hexadecimal digits of one line of a ``.mem`` file."""
    return -(-bits // 4)


def pack(fields: Sequence[Field], values: Mapping[str, np.ndarray], lanes: int) -> np.ndarray:
    """Pack elements into beats; the last beat is padded by repeating the last element.

    values   mapping of field name to int[elements], each within its field's range
    returns  uint64[beats, words], ``words = ceil(beat_bits / 64)``
    """
    columns = {}
    for field in fields:
        flat = np.asarray(values[field.name], dtype=np.int64)
        check_range(field, flat)
        padding = -len(flat) % lanes
        columns[field.name] = np.pad(flat, (0, padding), mode="edge").reshape(-1, lanes)
    beats = len(next(iter(columns.values())))
    words = np.zeros((beats, -(-beat_bits(fields, lanes) // _WORD)), dtype=np.uint64)
    for field, lane, word, offset in _places(fields, lanes):
        mask = np.uint64((1 << field.width) - 1)
        bits = columns[field.name][:, lane].view(np.uint64) & mask
        words[:, word] |= bits << np.uint64(offset)
        if offset + field.width > _WORD:
            words[:, word + 1] |= bits >> np.uint64(_WORD - offset)
    return words


def unpack(fields: Sequence[Field], words: np.ndarray, lanes: int) -> dict[str, np.ndarray]:
    """Unpack beats into ``{field name: int64[beats * lanes]}``, the padding included."""
    values = {field.name: np.empty((len(words), lanes), dtype=np.int64) for field in fields}
    for field, lane, word, offset in _places(fields, lanes):
        bits = words[:, word] >> np.uint64(offset)
        if offset + field.width > _WORD:
            bits = bits | words[:, word + 1] << np.uint64(_WORD - offset)
        bits = (bits & np.uint64((1 << field.width) - 1)).view(np.int64)
        # A pattern of 64 bits is the number already.
        sign = 1 << (field.width - 1) if field.signed and field.width < _WORD else 0
        values[field.name][:, lane] = (bits ^ sign) - sign
    return {name: lanewise.reshape(-1) for name, lanewise in values.items()}


def to_text(words: np.ndarray, bits: int) -> bytes:
    """Bytes of a ``.mem`` file: a beat a line, most significant digit first, lower case."""
    digits = line_digits(bits)
    octets = words.astype("<u8").view(np.uint8)[:, : (digits + 1) // 2]
    text = _DIGITS[octets[:, ::-1]].view(np.uint8)
    lines = np.empty((len(words), digits + 1), dtype=np.uint8)
    lines[:, :-1] = text[:, text.shape[1] - digits :]
    lines[:, -1] = ord("\n")
    return lines.tobytes()


def from_text(text: bytes, bits: int) -> np.ndarray:
    """Beats of a ``.mem`` file's bytes; errors name the line.

    returns  uint64[beats, words]
    """
    digits = line_digits(bits)
    raw = np.frombuffer(text, np.uint8)
    if raw.size % (digits + 1) or (raw[digits :: digits + 1] != ord("\n")).any():
        _complain_of_length(text, digits)
    nibbles = _NIBBLES[raw.reshape(-1, digits + 1)[:, :-1]]
    wrong = (nibbles == _NO_DIGIT).any(axis=1)
    if wrong.any():
        raise ValueError(f"Line {int(wrong.argmax()) + 1} must be hexadecimal digits only")
    excess = nibbles[:, 0] >> (bits - 4 * (digits - 1))
    if excess.any():
        raise ValueError(f"Line {int(excess.argmax()) + 1} must be below 2**{bits}")
    nibbles = nibbles[:, ::-1]
    octets = np.zeros((len(nibbles), 8 * -(-bits // _WORD)), dtype=np.uint8)
    octets[:, : (digits + 1) // 2] = nibbles[:, ::2]
    octets[:, : digits // 2] |= nibbles[:, 1::2] << 4
    return octets.view("<u8").astype(np.uint64)


def check_range(field: Field, values: np.ndarray) -> None:
    """Raise ValueError, naming the field and the worst value, if any value is out of range."""
    low, high = field.range
    if values.size and (values.min() < low or values.max() > high):
        bad = values.min() if values.min() < low else values.max()
        raise ValueError(f"Field {field.name!r} must be between {low} and {high}, not {bad}")


def narrowest(field: Field) -> np.dtype:
    """The smallest little-endian integer type that holds a field, for the ``.npz``."""
    octets = next(size for size in (1, 2, 4, 8) if field.width <= 8 * size)
    return np.dtype(f"<{'i' if field.signed else 'u'}{octets}")


def _places(fields: Sequence[Field], lanes: int) -> Iterator[tuple[Field, int, int, int]]:
    """Where each field of each lane begins: (field, lane, word, bit in the word)."""
    position = 0
    for lane in range(lanes):
        for field in fields:
            yield field, lane, position // _WORD, position % _WORD
            position += field.width


def _complain_of_length(text: bytes, digits: int) -> None:
    lines = text.split(b"\n")
    if lines.pop():
        raise ValueError(f"Line {len(lines) + 1} must end with a newline")
    number, line = next((n, x) for n, x in enumerate(lines, 1) if len(x) != digits)
    raise ValueError(f"Line {number} must have {digits} digits, not {len(line)}")

"""The instructions as a page: docs/engine-instructions.md."""

from collections.abc import Iterator, Mapping

from vit2rtl.golden.engine.instructions import (
    AFFINE,
    BEAT,
    BEATS,
    CHANNEL,
    CONTROL,
    MAGIC,
    NO_UNIT,
    OPERANDS,
    WAITS,
    WORD,
    Destination,
    Field,
    Source,
    Unit,
)

# What each unit does of an instruction: its addresses, its payload.
_UNITS = {
    Unit.LOAD: f"""\
Fills a buffer. Opcode 0, `stream`: the payload, {WORD} signed values of 16 bits a beat, to
`count` words of the residual stream from `base` on. Opcode 1, `patches`: `count` words of
codes from the image stream, the n-th at `base + n`, or with `two_digits` at `base + 2 n`
(upper digits) and the word behind it. Opcode 2, `table`: the payload, eight entries a beat, to
the first `count` entries of the epilogue's table.""",
    Unit.MATMUL: """\
An output tile of the array: `rows` rows of `source` (@SOURCE@) against stationary operands. A
row's word of k tile t is at `base + row * row_stride + t * tile_stride`, upper digits there
and lower ones behind it where `two_code_digits`. Stationary operands come from the payload:
zero points, a byte a column (upper digits' first), then for each k tile, for each digit, a
column's digits side by side. With `dynamic` they are the codes of `queries` queries at
`query_base + query * query_row_stride + t * query_tile_stride`, less `query_zero_point`;
`key_zero_point` is what each column's sum is corrected by.""",
    Unit.EPILOGUE: """\
Drains the array's tile of the same number: bias, multiplier, shift (`shift_base` and the
channel's), `zero_point`, limits `low` and `high`; with `table` the result is looked up, with
`add` it is added to what the residual stream holds. `destination`: @DESTINATION@. Codes of a
row are a word at `base + row * row_stride`; logits and values of the stream are words of four
columns at `base + row * row_stride + group * group_stride`. Payload: a beat a column.""",
    Unit.LAYERNORM: """\
`rows` rows of `columns` values from `stream_base + row * stream_row_stride` on, to codes of at
most `top` at `base + row * row_stride`. With `table` gains and offsets come first, a beat a
channel, as many as the engine has.""",
    Unit.SOFTMAX: """\
Logits of `queries` queries and `keys` keys, those of queries 4 g to 4 g + 3 at `logit_base + g
* group_stride + key`, to codes, of a key at `code_base + key`. A code of `top` or more is
written as all ones.""",
    Unit.ATTENTION: """\
Codes from `code_base` on, values at `value_base + key * value_row_stride + tile`, to codes of
at most `top` of `channel_tiles` tiles at `base + query * row_stride + tile * tile_stride`.""",
}


def page() -> str:
    """Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The engine's instructions"
    yield ""
    yield (f"A command stream is beats of {BEAT} bits: a header, then instructions in the order in "
           f"which they are delivered. The header's lower half is `{MAGIC:#010x}`, its upper half "
           "tells configurations apart and is what register CONFIGURATION reads. An instruction "
           f"is {BEATS} beats, a control beat and its operands; `payload` beats follow. This page "
           "is made from `golden/engine/instructions.py`, which compiler and RTL share; "
           "[engine.md](engine.md) says what it is for.")
    yield ""
    yield "## Control beat"
    yield ""
    yield (f"Up to {WAITS} waits: unit `wait_n` must have done all but `back_n` of the "
           f"instructions that it has been given so far; {NO_UNIT} is no unit. Counts are modulo "
           "65536 and go on from image to image.")
    yield ""
    yield from _table(CONTROL)
    for unit in Unit:
        yield ""
        yield f"## {int(unit)}: {unit.name.lower()}"
        yield ""
        yield _text(unit)
        yield ""
        yield from _table(OPERANDS[unit])
        if unit == Unit.EPILOGUE:
            yield from ("", "A beat of payload:", "", *_table(CHANNEL))
        if unit == Unit.LAYERNORM:
            yield from ("", "A beat of payload:", "", *_table(AFFINE))


def _text(unit: Unit) -> str:
    text = " ".join(_UNITS[unit].split())
    for mark, numbers in (("@SOURCE@", Source), ("@DESTINATION@", Destination)):
        text = text.replace(mark, ", ".join(f"{int(n)} {n.name.lower()}" for n in numbers))
    return text


def _table(fields: Mapping[str, Field]) -> Iterator[str]:
    yield "| bits | field | |"
    yield "|---|---|---|"
    place = 0
    for name, field in fields.items():
        top = place + field.width - 1
        bits = f"{top}:{place}" if field.width > 1 else f"{place}"
        yield f"| {bits} | `{name}` | {'signed' if field.signed else ''} |"
        place = top + 1

"""What an image's folder says to who writes a driver."""

from vit2rtl.golden.engine.compiler.image import EngineImage, image_order
from vit2rtl.golden.engine.instructions import WORD, header

_TEXT = """# {model} for the engine `{name}`

A program as the engine's command stream, made by `vit2rtl compile`: {instructions:,} instructions,
{beats:,} beats of 64 bits ({size:,} bytes). The schedule expects {cycles:,} cycles an image.

| file | |
|---|---|
| `engine.bin` | the command stream, beats of 64 bits, little endian; first `{header:#018x}` |
| `image_order.npy` | int32[{words}, {rows}]: the code of the image in each byte of its stream |
| `listing.txt`, `listing.json` | every instruction: op, tile, rows, operands, waits, cycles |

## An image

1. Send all of `engine.bin` to `s_axis_cmd`, eight bytes a beat, byte 0 in the lowest bits; `tlast`
   is high with the last beat. The same bytes serve every image.
2. At the same time send the image to `s_axis_image`: {image_beats:,} beats, `tlast` with the last.
3. Take {logit_beats} beats from `m_axis_logits`, `tlast` with the last one.

The three streams are independent: none has to wait for another one, and each may stall. The next
image's streams may follow at once. Where logits are not taken the engine waits.

## The image stream

Codes of the image, not pixels: `code = pixel_codes[channel, pixel]` of the program, {bits} bits in
a byte each. Byte *n* of the stream is code `image_order[n]` of the image flattened as channel, row,
column, and 0 where that is -1. {layout}

## Logits

{logits} signed numbers of 16 bits, four a beat, the first one in the lowest bits; what fills up the
last beat means nothing. A logit stands for `{scale!r} * (number - {zero_point})`; the class is the
one whose number is largest.

## Errors

A stream for another configuration is refused at its first beat; see the ERROR register, which names
a unit and the number of its instruction: column `of unit` of `listing.txt`.
"""


def readme(image: EngineImage) -> str:
    """README.md of an image's folder."""
    c, stream, program = image.configuration, image.stream(), image.program
    logits = program.logits
    words = len(image_order(program, c))
    beats = -(-c.rows // 8)
    layout = (f"A word of {c.rows} codes is one beat, its upper bytes 0, which\n"
              "`image_order` leaves out." if c.rows < 8
              else f"A word of {c.rows} codes is {beats} beat{'s' * (beats > 1)}.")
    return _TEXT.format(
        model=program.model, name=c.name, instructions=len(image.instructions),
        beats=len(stream), size=8 * len(stream), cycles=image.cycles, header=header(c),
        words=words, rows=c.rows, image_beats=words * beats,
        logit_beats=-(-logits.shape[0] // WORD), bits=program.image.bits, layout=layout,
        logits=logits.shape[0], scale=logits.scale, zero_point=logits.zero_point)

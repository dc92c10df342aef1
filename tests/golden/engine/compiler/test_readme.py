"""The README of a compiled image: every number in it, by hand or from the files beside it."""

import re
from dataclasses import replace

import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_program
from vit2rtl.golden.engine.compiler import compile
from vit2rtl.golden.engine.compiler.readme import readme


def numbers(text, pattern):
    """Of each line that matches."""
    return [tuple(int(n.replace(",", "")) for n in found.groups())
            for found in re.finditer(pattern, " ".join(text.split()))]


# Twelve patches of 3 x 2 x 2 codes: three words of four codes each, two words of eight, one of 16.
@pytest.mark.parametrize(("rows", "words", "beats", "layout"), [
    (4, 36, 36, "A word of 4 codes is one beat, its upper bytes 0, which `image_order` leaves out"),
    (8, 24, 24, "A word of 8 codes is 1 beat."),
    (16, 12, 24, "A word of 16 codes is 2 beats."),
])
def test_every_number(rows, words, beats, layout):
    configuration = replace(
        TINY, rows=rows, columns=rows, attention_rows=rows // 2, projected=32 * 64,
        stream=32 * 32)
    image = compile(random_program(3, classes=9, image=(3, 6, 8)), configuration)
    text, stream = readme(image), image.stream()
    assert text.startswith("# random for the engine `tiny`\n")
    assert numbers(text, r"([\d,]+) instructions, ([\d,]+) beats of 64 bits \(([\d,]+) bytes\)\. "
                         r"The schedule expects ([\d,]+) cycles") == [
        (len(image.instructions), len(stream), len(stream.astype("<u8").tobytes()),
         max(one.end for one in image.instructions))]
    assert f"first `0x{int(stream[0]):016x}`" in text
    assert numbers(text, r"int32\[(\d+), (\d+)\]") == [(words, rows)]
    assert numbers(text, r"`s_axis_image`: (\d+) beats") == [(beats,)]
    assert numbers(text, r"Take (\d+) beats") == [(3,)]  # nine logits, four a beat
    assert numbers(text, r"program, (\d+) bits in a byte each") == [(8,)]
    assert layout in " ".join(text.split())
    assert "\n9 signed numbers of 16 bits" in text
    assert "`0.01 * (number - 0)`" in text

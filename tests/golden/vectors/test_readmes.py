"""READMEs of bundles: the place of an element, digit by digit, and what depends on their shape."""

from dataclasses import replace

import numpy as np
import pytest

from vit2rtl.golden import UNITS, BundleWriter, Instance
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.vectors.bundle_derived import rom_layouts
from vit2rtl.golden.vectors.program_vectors_writer import write_vectors

from ..program.test_program import small_program
from .conftest import CODES, DEQUANTIZER, every_code


def page(folder, *, op=0, images=3, lanes=2):
    """README of one op's vectors, without line ends, and the lines of its output's file."""
    program = small_program()
    write_vectors(folder, program, CODES[:images], ops=program.ops[op:op + 1], lanes=lanes)
    file = folder / f"tensors/{program.ops[op].output.name}.mem"
    return (folder / "README.md").read_text(), file.read_text().split()


def test_the_place_of_a_code(tmp_path):
    text, lines = page(tmp_path / "b", lanes=3)
    want = int(execute(small_program(), CODES, record=["patches"])[1]["patches"][2, 3, 3])
    assert (
        "The last element that op `patches` gives, row 11, column 3 of `tensors/patches.mem`: "
        "2 lines a row, so line 11 · 2 + 3 div 3 = 23, counted from 0, lane 3 mod 3 = 0."
        f"\n\n    {lines[23]}\n\nBits 0 to 3 are 0x{want:x}: unsigned, 4 bits, {want}.") in text
    assert "A beat is 3 lanes side by side, without gaps" in text and "1 ops on 3 images." in text


@pytest.mark.parametrize("lanes", [1, 2])
def test_the_place_of_a_code_of_two_digits(tmp_path, lanes):
    """The last of three columns: of two lanes the one below its own repetition."""
    text, lines = page(tmp_path / "b", op=1, images=1, lanes=lanes)
    want = int(execute(small_program(), CODES, record=["proj"])[1]["proj"][0, 3, 2])
    assert f"\nBits 0 to 7 are 0x{want:02x}: unsigned, 8 bits, {want}." in text
    assert lines[-1] == f"{want:02x}" * lanes
    assert f"A beat is {'one lane' if lanes == 1 else '2 lanes side by side'}, without" in text
    assert "1 ops on 1 image." in text


def test_the_place_of_a_code_in_an_upper_lane(tmp_path):
    text, lines = page(tmp_path / "b", op=1, lanes=3)
    want = int(execute(small_program(), CODES, record=["proj"])[1]["proj"][2, 3, 2])
    assert f"\nBits 16 to 23 are 0x{want:02x}: unsigned, 8 bits, {want}." in text
    assert lines[-1].startswith(f"{want:02x}")


def test_the_place_of_a_double(tmp_path):
    text, lines = page(tmp_path / "b", op=3, lanes=1)
    want = float(execute(small_program(), CODES)[2, 2])
    assert f"\nBits 0 to 63 are 0x{lines[-1]}: the double {want}." in text


@pytest.fixture
def pair_peaks():
    with UNITS.extended("tests.golden.vectors.pair_peaks"):
        yield Instance.of("pair_peaks")


def rows_page(folder, instance, rows, columns):
    value = np.arange(rows * columns).reshape(rows, columns) % 16
    inputs = {"value": value, "gain": np.ones((rows, 1), int)}
    with BundleWriter(folder, {}) as writer:
        writer.add(instance, record="r", layer="r", kind="model", inputs=inputs,
                   outputs=instance.evaluate(inputs, {}))
        writer.add(DEQUANTIZER, **every_code())
    return (folder / "README.md").read_text()


@pytest.mark.parametrize(("rows", "columns", "last", "follows"), [
    (1, 4, "2", ""), (1, 3, "2 and repeats element 2 from lane 1 on", ""),
    (2, 4, "2", "; row 1 begins with line 2"),
])
def test_rows_of_several_beats(tmp_path, pair_peaks, rows, columns, last, follows):
    text = rows_page(tmp_path / "b", pair_peaks, rows, columns)
    told = f"The row has {columns} elements in 2 beats. The last of them, with TLAST, begins with "
    # Of values and products; gains and peaks have one beat a row.
    assert text.count(f"{told}element {last}:\n") == text.count("The row has ") == 2
    assert text.count(f"`{follows}.\n") >= 2
    assert ("row 1 begins" in text) == bool(follows)
    assert "## One row by hand\n" in text and "<unit instance>/roms/<rom>.mem" in text


@pytest.mark.parametrize(("entries", "bits", "signed"), [
    ((0, 0), 1, False), ((0, 1), 1, False), ((0, 2), 2, False), ((-1, 0), 1, True),
    ((-1, 1), 2, True), ((-5, 3), 4, True),
])
def test_roms_have_no_more_bits_than_they_need(entries, bits, signed):
    unit = replace(UNITS["log2_dequantizer"], roms=lambda p: {"rom": entries})
    _, layout = rom_layouts(Instance(unit, DEQUANTIZER.parameters))["rom"]
    assert (layout.bits, layout.signed, layout.rows, layout.columns) == (bits, signed, 1, 2)

"""The listing of a compiled image: a line and an entry by hand."""

import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_program
from vit2rtl.golden.engine.compiler import compile
from vit2rtl.golden.engine.compiler.listing import entries, lines
from vit2rtl.golden.engine.instructions import Unit


@pytest.fixture(scope="module")
def image():
    """Five classes on four columns: the last tile has one."""
    return compile(random_program(3), TINY)


def test_entries(image):
    listed = [*entries(image)]
    assert [entry["number"] for entry in listed] == [*range(len(image.instructions))]
    # The header is a beat; instructions and their payloads follow one another.
    assert listed[0]["beat"] == 1
    assert listed[-1]["beat"] + image.beats_of(image.instructions[-1]) == len(image.stream())
    last = listed[-1]
    assert (last["op"], last["unit"], last["rows"], last["columns"]) == (
        "logits", "epilogue", [0, 1], [4, 5, 4])
    assert last["of_unit"] == sum(one.unit == Unit.EPILOGUE for one in image.instructions) - 1
    tiles = [entry for entry in listed if entry["op"] == "0.mlp.fc1" and entry["unit"] == "matmul"]
    assert {tuple(entry["columns"]) for entry in tiles} == {(0, 4, 4), (4, 8, 4), (8, 12, 4)}
    assert all(entry["kind"] == "linear" and entry["head"] is None for entry in tiles)
    loads = [entry for entry in listed if entry["op"] == "0.mlp.act" and entry["unit"] == "load"]
    assert [entry["columns"] for entry in loads] == [[0, 0, 0]]


def test_a_line(image):
    header, *rest = lines(image)
    assert header.split("  ")[:7] == ["n", "unit", "of unit", "start", "end", "beat", "payload"]
    assert len(rest) == len(image.instructions)
    fields = rest[-1].split("  ")
    one = image.instructions[-1]
    assert fields[1] == "epilogue" and fields[3:5] == [str(one.start), str(one.end)]
    assert fields[7:12] == ["logits", "-", "0", "1", "0..1"]
    assert fields[12] == (",".join(
        f"{unit.name.lower()}:{count}" for unit, count in one.waits.items()) or "-")
    assert fields[13].split(" ") == [
        f"{name}={'output' if name == 'destination' else value}"
        for name, value in one.operands.items() if value]
    assert any(line.split("  ")[1] == "load.table" for line in rest)
    heads = {line.split("  ")[8] for line in rest if line.split("  ")[7] == "0.attn.softmax"}
    assert heads == {"0", "1"}

# amaranth: UnusedElaboratable=no
"""Memories are those of the engine's hardware; blocks are those that yosys makes of them."""

import json
from dataclasses import replace

import pytest
from amaranth.hdl import Fragment, Shape
from amaranth.hdl._mem import MemoryInstance

from tests.every import EVERY
from vit2rtl.explore.area.memories import Memory, blocks, memories
from vit2rtl.golden.engine.configuration import CONFIGURATIONS, SMALL
from vit2rtl.rtl.engine.encoder_engine import EncoderEngine
from vit2rtl.rtl.synthesis.cases import CASES
from vit2rtl.rtl.verilog import yosys

# Width, depth, part, reads, copies: with rows of blocks above each other that share blocks
# (80 × 4728), parts of a word, two readers, and few bits.
SHAPES = [
    (64, 800, 64, 1, 1), (80, 4728, 80, 1, 1), (20, 4728, 20, 1, 1), (64, 9456, 64, 1, 1),
    (36, 37824, 36, 1, 1), (128, 394, 32, 1, 1), (80, 800, 20, 1, 1), (148, 64, 37, 1, 1),
    (320, 512, 320, 2, 2), (24, 128, 24, 1, 1), (8, 6304, 8, 1, 1),
    (12, 256, 12, 1, 1),
    (48, 130, 4, 1, 1), (24, 100, 12, 1, 1), (80, 100, 20, 1, 1),
]
MORE = [
    (width, depth, width // parts, 1, 1)
    for width in (12, 24, 48, 56, 72, 96, 192) for depth in (100, 512, 1200, 3000, 12608)
    for parts in (1, 2, 4)
]
COMMANDS = {
    "ecp5": ("synth_ecp5 -noflatten", {"DP16KD": 1}),
    "xcup": ("synth_xilinx -family xcup -noiopad -noclkbuf", {"RAMB18E2": 1, "RAMB36E2": 2}),
}


def instances(fragment):
    """(width, depth, part, reads) of memories whose reads are registered."""
    if isinstance(fragment, MemoryInstance):
        reads, writes, data = fragment._read_ports, fragment._write_ports, fragment._data
        if all(port._domain != "comb" for port in reads):
            part = writes[0]._granularity if writes else 0
            yield Shape.cast(data._shape).width, data._depth, part, len(reads)
    for child, *_ in fragment.subfragments:
        yield from instances(child)


@pytest.mark.parametrize("name", [*CONFIGURATIONS, *CASES] if EVERY else ["held_six"])
def test_the_memories_are_those_of_the_engine(name):
    configuration = CONFIGURATIONS.get(name) or CASES[name]
    engine = Fragment.get(EncoderEngine(configuration), platform="synthesis")
    assert sorted((m.width, m.depth, m.part, m.reads) for m in memories(configuration)) == sorted(
        instances(engine))


@pytest.mark.parametrize(("name", "ecp5", "xcup"), [("small", 53, 42), ("deit-tiny", 199, 189)])
def test_blocks_are_those_of_the_synthesized_engine(name, ecp5, xcup):
    """docs/engine.md."""
    found = memories(CONFIGURATIONS[name])
    assert sum(blocks(memory, "ecp5") for memory in found) == ecp5
    assert sum(blocks(memory, "xcup") for memory in found) == xcup


def test_more_tokens_take_no_fewer_blocks():
    counts = [sum(blocks(memory, "ecp5") for memory in
                  memories(replace(SMALL, stream=tokens * 64, hidden=tokens * 256)))
              for tokens in (50, 100, 200)]
    assert counts == sorted(set(counts))


def written(number, shape):
    """A module of the memory, as Amaranth's Verilog has it."""
    width, depth, part, reads, _ = shape
    bits = (depth - 1).bit_length()
    lines = [f"module m{number}(input clk, input [{width // part - 1}:0] we, "
             f"input [{bits - 1}:0] wa, input [{width - 1}:0] wd, "
             + ", ".join(f"input e{n}, input [{bits - 1}:0] a{n}, output reg [{width - 1}:0] q{n}"
                         for n in range(reads)) + ");",
             f"(* no_rw_check = 1 *) reg [{width - 1}:0] rows [0:{depth - 1}];",
             "always @(posedge clk) begin"]
    for n in range(width // part):
        span = f"[{(n + 1) * part - 1}:{n * part}]"
        lines.append(f"if (we[{n}]) rows[wa]{span} <= wd{span};")
    lines += [f"if (e{n}) q{n} <= rows[a{n}];" for n in range(reads)]
    return "\n".join([*lines, "end", "endmodule", ""])


@pytest.mark.parametrize("device", COMMANDS if EVERY else ["ecp5"])
def test_blocks_are_those_of_yosys(device, tmp_path):
    shapes = SHAPES + (MORE if EVERY else [])
    modules = "".join(written(n, shape) for n, shape in enumerate(shapes))
    ports = "".join(
        f"(* keep *) m{n} i{n}(.clk(clk));\n" for n in range(len(shapes)))
    top = f"module top(input clk);\n{ports}endmodule\n"
    command, types = COMMANDS[device]
    yosys.run(f"read_verilog memories.v\n{command} -top top -run :map_ffram\n"
              "tee -q -o cells.json stat -json\n", tmp_path,
              files={"memories.v": modules + top})
    counted = json.loads((tmp_path / "cells.json").read_text(encoding="utf-8"))["modules"]
    for n, shape in enumerate(shapes):
        cells = counted[f"\\m{n}"]["num_cells_by_type"]
        count = sum(types.get(kind, 0) * number for kind, number in cells.items())
        assert count == blocks(Memory("memory", *shape), device), shape

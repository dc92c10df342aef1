"""The engine with a command reader classifies images, its commands in a slow memory behind AXI4."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_image, random_program
from tests.golden.engine.compiler.test_compile import PROGRAMS
from vit2rtl.golden.engine.compiler import compile, files
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.program.execute import execute
from vit2rtl.rtl.engine import software, verilog, with_reader
from vit2rtl.sim.tools import builds, simulators

BOARD = Path(__file__).with_name("reader_board.cpp")


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """``board(images, latency, bad)``: what the program prints, and the logits that are right."""
    folder = tmp_path_factory.mktemp("board")
    sources = software.software(TINY) | {BOARD.name: BOARD.read_text()}
    for name in (file for file in software.DRIVER if file.endswith(".c")):
        sources[name] = f"#define ENGINE_EXTERNAL_BUS\n{sources[name]}"
    for convert in (verilog.convert, with_reader.convert_reader, with_reader.convert_top):
        sources[f"{convert.__name__}.v"] = convert(TINY)
    built = builds.build(simulators.find("verilator"), sources, with_reader.top_name(TINY),
                         kind=builds.SOON)
    program = random_program(7, **PROGRAMS["4 bits"])
    codes = random_image(program, 7)
    files.save(compile(program, TINY), folder / "image")
    (folder / "codes.bin").write_bytes(np.asarray(codes, np.uint8).tobytes())
    logits = " ".join(map(str, execute(program, codes[np.newaxis])[0].tolist()))

    def run(images, latency, *bad):
        done = subprocess.run(
            [built.executable, folder / "image" / files.ORDER, folder / "codes.bin",
             str(len(logits.split())), folder / "image" / files.STREAM,
             *map(str, (images, latency, *bad))], capture_output=True, text=True, check=True)
        return done.stdout.splitlines(), f"0: {logits}"

    return run


@pytest.mark.parametrize("latency", [1, 40, 200])
def test_logits_are_golden_s(latency, board):
    """Of one start for three images; an address between beats and a second start are refused."""
    (opened, misaligned, *lines), right = board(3, latency)
    assert (opened, misaligned, lines[:2]) == ("0 0", "4", ["0", "5"])
    assert lines[2:8:2] == [right] * 3
    assert lines[8] == "0 0"
    print(f"latency {latency}: {lines[7]}")


@pytest.mark.parametrize(("bad", "error"), [(0, 34), (1000, Error.WATCHDOG)])
def test_a_memory_that_ends_is_told_and_forgotten_by_a_reset(bad, error, board):
    """Without a header no image is inside, and only the driver runs out of patience."""
    (_, result, refused, *lines), right = board(1, 40, bad)
    assert result == f"{int(error)} nothing is at the address: DECERR"
    assert refused == "3"
    assert lines[:3] == ["4", "0", "5"] and lines[3] == right

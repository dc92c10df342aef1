"""The driver in C classifies images on Verilator's model of the engine, through its AXI ports."""

import re
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_image, random_program
from tests.golden.engine.compiler.test_compile import PROGRAMS
from vit2rtl.golden.engine.compiler import compile, files
from vit2rtl.golden.engine.errors import TITLES, Error
from vit2rtl.golden.engine.instructions import BEATS, Unit
from vit2rtl.golden.program.execute import execute
from vit2rtl.rtl.engine import software
from vit2rtl.sim.model import bench
from vit2rtl.sim.tools import builds, simulators

OPENED = "engine_open: 0 no error"


def result(function, error):
    return f"{function}: {error.value} {TITLES[error]}"


@pytest.fixture(scope="module")
def simulation():
    """The executable: driver, board and model."""
    sources = software.software(TINY) | {software.SIMULATION: software.source(software.SIMULATION)}
    sources["engine_driver.c"] = f"#define ENGINE_EXTERNAL_BUS\n{sources['engine_driver.c']}"
    sources[f"{bench.ENGINE}.v"] = bench.engine_verilog(TINY)
    tool = simulators.find("verilator")
    return builds.build(tool, sources, bench.ENGINE, kind=builds.SOON).executable


@pytest.fixture(scope="module", params=["4 bits", "8 bits"])
def board(request, simulation, tmp_path_factory):
    """``board.run(name, …)``: lines that the driver prints of these command streams.

    Each is the whole stream, or a change of it that ``board.streams`` has.
    """
    folder = tmp_path_factory.mktemp("board")
    program = random_program(7, **PROGRAMS[request.param])
    codes = random_image(program, 7)
    image = compile(program, TINY)
    files.save(image, folder / "image")
    whole = image.stream().astype("<u8")
    (folder / "codes.bin").write_bytes(np.asarray(codes, np.uint8).tobytes())
    logits = execute(program, codes[np.newaxis])[0].tolist()

    def run(*streams, at=None):
        paths = []
        for n, stream in enumerate(streams):
            path = folder / f"{n}.bin"
            path.write_bytes(stream.tobytes())
            paths.append(f"{path}@{at[n]}" if at and at[n] is not None else str(path))
        done = subprocess.run(
            [simulation, folder / "image" / files.ORDER, folder / "codes.bin", str(len(logits)),
             *paths], capture_output=True, text=True, check=True)
        first, *lines = done.stdout.splitlines()
        assert (first, done.stderr) == (OPENED, "")
        return lines

    classified = [result("engine_load", Error.NONE), result("engine_run", Error.NONE),
                  f"logits: {' '.join(map(str, logits))}"]
    return SimpleNamespace(run=run, whole=whole, image=image, classified=classified)


def test_logits_are_golden_s(board):
    lines = board.run(board.whole, board.whole)
    assert lines[:3] == lines[4:7] == board.classified
    for image, line in enumerate(lines[3::4], start=1):
        assert line.startswith(f"counters: {image} images, ")
        assert re.findall("[A-Z]+", line) == [unit.name for unit in Unit]
        _, cycles, *busy = map(int, re.findall(r"\d+", line))
        assert all(0 < count < cycles for count in busy)


def test_a_stream_for_another_engine_is_refused_by_driver_and_engine(board):
    for bit, error in ((40, Error.CONFIGURATION), (0, Error.MAGIC)):
        other = board.whole.copy()
        other[0] ^= np.uint64(1 << bit)
        lines = board.run(other, board.whole)
        assert lines[:2] == [result("engine_load", error), result("engine_run", error)
                             + " (none 0)"]
        assert lines[2:5] == board.classified


def test_a_truncated_stream(board):
    """The engine names the instruction in which it ends: in its control beat, operands, payload."""
    instructions = board.image.instructions
    chosen = len(instructions) // 2
    while len(instructions[chosen].payload) < 2:
        chosen += 1
    unit = instructions[chosen].unit
    number = sum(one.unit == unit for one in instructions[:chosen])
    start = 1 + sum(board.image.beats_of(one) for one in instructions[:chosen])
    cuts = [board.whole[: start + beats] for beats in (1, 3, BEATS + 1)]
    lines = board.run(*cuts, board.whole)
    early = result("engine_run", Error.COMMAND_EARLY)
    assert lines[1:6:2] == [f"{early} ({unit.name} {number})"] * 3
    assert lines[6:9] == board.classified


def test_a_stream_that_goes_on(board):
    late = np.append(board.whole, board.whole[-1:])
    lines = board.run(late, board.whole)
    assert lines[1].startswith(result("engine_run", Error.COMMAND_LATE))
    assert lines[2:5] == board.classified


def test_soft_reset_where_the_board_has_stopped(board):
    """Anywhere: before the header, within the command stream, before its last beat."""
    places = (0, 1, len(board.whole) // 3, len(board.whole) // 2, len(board.whole) - 1)
    for place in places:
        lines = board.run(board.whole, board.whole, at=[place, None])
        assert lines[:2] == [result("engine_load", Error.NONE),
                             "engine_run: 34 no beat moved for as long as the driver waits"]
        assert lines[2:5] == board.classified
        assert lines[5].startswith("counters: 1 images, ")


@pytest.mark.parametrize("board_of", ["memory", "ENGINE_LINUX_UIO", "ENGINE_EXTERNAL_BUS"])
def test_the_driver_is_c99_without_a_warning(board_of, tmp_path):
    for name, text in software.software(TINY).items():
        (tmp_path / name).write_text(text)
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic",
               f"-D{board_of}", "-c", "engine_driver.c", "reader_driver.c"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_what_is_no_engine_is_not_opened(tmp_path):
    """Registers in memory: nothing there, then another version."""
    for name, text in software.software(TINY).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "main.c").write_text("""
#include <stdio.h>
#include "engine_driver.h"

static size_t send(void *c, enum engine_port p, const uint64_t *b, size_t n)
{ (void)c; (void)p; (void)b; return n; }
static size_t receive(void *c, uint64_t *b, size_t n) { (void)c; (void)b; (void)n; return 0; }
static void flush(void *c) { (void)c; }

int main(void)
{
    static uint32_t registers[64];
    struct engine_streams streams = {NULL, send, receive, flush, NULL};
    struct engine engine;
    printf("%d", engine_open(&engine, registers, streams));
    registers[0] = ENCODER_ENGINE_ID_RESET;
    registers[1] = ENCODER_ENGINE_VERSION_RESET + 0x10000u;
    printf(" %d", engine_open(&engine, registers, streams));
    registers[1] = ENCODER_ENGINE_VERSION_RESET + 1u;
    printf(" %d", engine_open(&engine, registers, streams));
    return 0;
}
""")
    subprocess.run(["gcc", "-std=c99", "-o", "main", "main.c", "engine_driver.c"], cwd=tmp_path,
                   check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    assert done.stdout == "32 33 0"

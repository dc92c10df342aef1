"""Random programs through a small engine's Verilog in Icarus, bit for bit and cycle by cycle."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_image, random_program
from tests.golden.engine.compiler.test_compile import PROGRAMS
from vit2rtl.farm.pool import LocalPool
from vit2rtl.golden.engine.instructions import Destination, Unit
from vit2rtl.sim.model import bench, run
from vit2rtl.sim.model.bench import Stalls

# A memory's initial rows, where all are zero.
ZEROS = re.compile(r"  initial\n    for \(initial_row_* = 0; .*\n      \w+\[\w+\] = \d+'[hd]0+;\n")

# Cycles an image for one and for two groups: of the Verilog, as the schedule expects them. They are
# measured: who changes compiler or engine measures them again, and sees what the change costs.
CYCLES = {
    "4 bits": ((3532, 3602), (3038, 3126)),
    "8 bits": ((2046, 2081), (1773, 1804)),
    "2 bits": ((1392, 1447), (1305, 1374)),
    "mixed widths": ((4128, 4143), (3444, 3481)),
    "no multiples of the columns": ((1886, 1937), (1666, 1718)),
    "two heads behind": ((1590, 1638), (1490, 1550)),
    "no token in front": ((1481, 1536), (1293, 1361)),
    "one head of attention": ((2255, 2311), (1951, 2026)),
}
# Cycles by which the Verilog is behind the schedule, of some 1,300 to 4,100 an image: a unit's
# handshakes are not in the schedule; the first and the last tile of the array are taken as longer.
LATE = {"linear": (-90, -25), "query_key": (-5, 20), "load": (4, 35), "layernorm": (-20, 20),
        "softmax": (3, 16), "attention_value": (3, 32)}


def simulated(name, tmp_path, *, images=1, **options):
    program = random_program([*PROGRAMS].index(name), **PROGRAMS[name])
    codes = np.stack([random_image(program, seed) for seed in range(images)])
    return run.simulate_model(program, codes, TINY, simulator="icarus", compare="all",
                              out=tmp_path, **options)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", PROGRAMS)
def test_all_elements_and_the_schedule_s_cycles(name, groups, tmp_path):
    results = simulated(name, tmp_path, groups=groups)
    assert not results.differences
    assert results.elements > 500
    assert [*results.cycles, results.image.cycles] == [*CYCLES[name][groups - 1]]
    assert results.kinds.keys() == LATE.keys()
    for kind, (least, most) in LATE.items():
        assert least <= results.kinds[kind].simulated - results.kinds[kind].expected <= most, kind


def test_a_folder_of_any_name(monkeypatch, tmp_path):
    """Relative to where one is, and not in ASCII."""
    monkeypatch.chdir(tmp_path)
    results = simulated("2 bits", Path("größer/als"))
    assert not results.differences


@pytest.mark.parametrize("name", ["run-0/notes.txt", "run-0"])
def test_the_folder_keeps_what_is_not_of_a_simulation(name, tmp_path):
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(ValueError, match=r"run-0 is not of a simulation: not overwriting it$"):
        simulated("2 bits", tmp_path)
    assert mine.read_text() == "mine"


def test_two_workers_give_the_results_of_a_serial_run(tmp_path):
    serial = simulated("2 bits", tmp_path / "serial", images=3)
    farmed = simulated("2 bits", tmp_path / "farmed", images=3, cluster=LocalPool(2), jobs=2)
    assert farmed.summary("abc") == serial.summary("abc")
    assert sorted(path.name for path in (tmp_path / "farmed").iterdir()) == ["run-0", "run-1"]


@pytest.mark.parametrize("pattern", ["50", "bursts"])
def test_pauses_outside_change_nothing(pattern, tmp_path):
    results = simulated("2 bits", tmp_path, images=2, stalls=Stalls.of(pattern, seed=3))
    assert not results.differences
    assert len(results.cycles) == 2


def test_memories_that_begin_unknown(monkeypatch, tmp_path):
    """No element, no handshake and no counter has a bit of what nobody wrote."""
    text = bench.engine_verilog(TINY)
    poisoned, count = ZEROS.subn("", text)
    assert count > 10
    monkeypatch.setattr(bench, "engine_verilog", lambda configuration: poisoned)
    results = simulated("4 bits", tmp_path, images=2)
    assert not results.differences


def test_a_difference_has_a_name(monkeypatch, tmp_path):
    """An instruction of the engine's is not the one that golden's tensors are of."""
    compiled = run.compile

    def changed(*arguments, **options):
        image = compiled(*arguments, **options)
        keys = [one for one in image.instructions if one.unit == Unit.EPILOGUE
                and one.operands["destination"] == Destination.KEYS]
        keys[0].operands["zero_point"] += 1
        return image

    monkeypatch.setattr(run, "compile", changed)
    results = simulated("2 bits", tmp_path)
    first = results.differences[0]
    assert first.op.endswith(".k") and first.place.startswith("token 0, channel ")
    assert first.got == first.want + 1
    assert re.fullmatch(r"instruction \d+ of epilogue", first.instruction)
    assert f"got {first.got}, want {first.want}, {first.instruction}, cycle " in str(first)
    assert results.differing_images == 1


def test_a_stream_for_another_engine_is_refused(tmp_path, monkeypatch):
    compiled = run.compile
    other = replace(TINY, hidden=TINY.hidden + 4)
    monkeypatch.setattr(run, "compile", lambda program, c, **options: replace(
        compiled(program, c, **options), configuration=other))
    monkeypatch.setattr(bench, "PATIENCE", 500)
    with pytest.raises(ValueError, match=r"0 of 1 images came out in .* cycles: the command stream "
                                         r"was compiled for another configuration"):
        simulated("2 bits", tmp_path)


@pytest.mark.parametrize("pattern", ["96", "-1", "often"])
def test_patterns_of_stalls(pattern):
    with pytest.raises(ValueError, match=r"Stalls must be 0 to 95 percent, or bursts, not '.+'"):
        Stalls.of(pattern)

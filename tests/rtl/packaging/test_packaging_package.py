"""A package is complete, the same everywhere, clean for tools, and says true things."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl import COMPONENTS, latency
from vit2rtl.rtl.packaging import package
from vit2rtl.rtl.packaging.example import example, trace
from vit2rtl.rtl.packaging.package import write_package
from vit2rtl.rtl.packaging.waveform import wave_json
from vit2rtl.rtl.verilog import yosys
from vit2rtl.sim.tools import simulators

CLAIM = SimpleNamespace(
    property="nothing is lost", status="proved", scope="every width", method="induction"
)
AREA = {
    "instance": "one", "device": "ecp5", "cells": {"LUT4": 17, "MULT18X18D": 0},
    "fmax_mhz": 123.4, "date": "2026-01-02", "tools": "yosys 1, nextpnr 2",
}
RULES = {"DECLFILENAME", "UNUSEDSIGNAL", "WIDTHEXPAND"}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The package of every unit, three lanes, tables of 24 channels."""
    root = tmp_path_factory.mktemp("packages")
    for unit in UNITS:
        write_package(
            Instance.of(unit, lanes=3), root / unit, channels=24, area=[AREA], claims=[CLAIM]
        )
    return root


@pytest.fixture(params=UNITS)
def folder(request, packages):
    return packages / request.param


def name_of(folder):
    return json.loads((folder / "manifest.json").read_text())["instance"]


def run(*command, cwd):
    tool = simulators.find("verilator")
    return subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True,
        env={**os.environ, **tool.environment},
    )


def lint(folder, top, *options):
    """Verilator's rules that have something to say."""
    done = run(
        simulators.find("verilator").path, "--lint-only", "-Wall", *options,
        "-F", f"{name_of(folder)}.f", "--top-module", top, cwd=folder,
    )
    return set(re.findall(r"^%\w+-(\w+):", done.stderr, re.MULTILINE)) | (
        {"error"} if done.returncode and "-" not in done.stderr else set()
    )


def test_every_file_is_listed_and_summed(folder):
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0
    listed = {line.rpartition(": ")[0] for line in done.stdout.splitlines()}
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == listed | {"SHA256SUMS"}
    sheet = (folder / "README.md").read_text()
    for path in found:
        told = path if path.count("/") < 2 and not path.startswith("vectors/") else "vectors/"
        assert f"| `{told}` |" in sheet or path in ("README.md", "SHA256SUMS"), path


def test_no_paths_no_source_attributes_and_plain_names(folder):
    for path in folder.rglob("*"):
        if path.suffix in (".npz",) or path.is_dir():
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(home|usr|tmp|work|root)/|\.py\b", text), path
    for path in folder.glob("rtl/*.v"):
        text = path.read_text()
        assert text.isascii()
        assert "\\" not in text and "$auto" not in text and "src =" not in text
        modules = re.findall(r"^module (\w+)\(", text, re.MULTILINE)
        assert modules[0] == path.stem
        assert all(module.startswith(path.stem) for module in modules)


def test_another_process_writes_the_same_bytes(packages, tmp_path):
    unit = next(iter(UNITS))
    program = (
        "import sys\n"
        "from types import SimpleNamespace\n"
        "from vit2rtl.golden.units import Instance\n"
        "from vit2rtl.rtl.packaging.package import write_package\n"
        f"write_package(Instance.of({unit!r}, lanes=3), 'again', channels=24, area=[{AREA!r}],\n"
        f"              claims=[SimpleNamespace(**{vars(CLAIM)!r})])\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    first, second = (
        {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}
        for root in (packages / unit, tmp_path / "again")
    )
    assert first == second


def test_icarus_takes_it_as_verilog_2001(folder):
    name = name_of(folder)
    done = run("iverilog", "-g2001", "-Wall", "-o", os.devnull, "-c", f"{name}.f", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_verilator_has_nothing_to_say_beyond_the_waivers(folder):
    name = name_of(folder)
    for top in (f"{name}_axi", f"{name}_axis"):
        assert lint(folder, top, f"lint/{name}.vlt") == set()
        assert lint(folder, top) <= RULES


def test_each_waiver_is_needed_and_hides_no_other_rule(packages, tmp_path):
    met = set()
    for unit in UNITS:
        name = name_of(packages / unit)
        met |= lint(packages / unit, f"{name}_axi")
    assert met == RULES
    folder = tmp_path / "requantizer"
    shutil.copytree(packages / "requantizer", folder)
    name = name_of(folder)
    path = folder / f"rtl/{name}_axi.v"
    text = path.read_text()
    bugs = {
        "UNDRIVEN": re.sub(r"\n  assign busy = [^\n]*", "", text),
        "PINMISSING": re.sub(r"\n    \.busy\(busy\),", "", text),
    }
    for rule, broken in bugs.items():
        assert broken != text
        path.write_text(broken)
        assert rule in lint(folder, f"{name}_axi", f"lint/{name}.vlt")


def test_yosys_reads_it(folder, tmp_path):
    name = name_of(folder)
    files = {path.name: path.read_text() for path in folder.glob("rtl/*.v")}
    read = f"read_verilog {' '.join(files)}"
    script = f"{read}\nhierarchy -check -top {name}_axi\nproc\ncheck -assert"
    assert f"{name}_axi" in yosys.run(script, tmp_path, files=files)


def test_without_axi_lite(tmp_path):
    files = write_package(Instance.of("requantizer", lanes=1), tmp_path / "ip", axi_lite=False)
    assert not [file for file in files if file.startswith(("registers/", "software/"))]
    assert [file for file in files if file.startswith("rtl/")] == [
        "rtl/requantizer_l1.v", "rtl/requantizer_l1_axis.v"
    ]
    sheet = (tmp_path / "ip" / "README.md").read_text()
    assert "_axi`" not in sheet and "AXI4-Lite" not in sheet
    assert "toplevel: requantizer_l1_axis" in (tmp_path / "ip/requantizer_l1.core").read_text()


def test_a_package_replaces_only_a_package(tmp_path):
    instance = Instance.of("log2_dequantizer", lanes=1)
    out = tmp_path / "ip"
    write_package(instance, out)
    write_package(instance, out, axi_lite=False)
    assert not (out / "software").exists()
    (out / "mine.v").write_text("")
    with pytest.raises(ValueError) as caught:
        write_package(instance, out)
    assert str(caught.value) == (
        f"{out} holds 'mine.v', which is no part of the package: not overwriting it"
    )
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.json").write_text('{"schema": "another"}')
    with pytest.raises(ValueError) as caught:
        write_package(instance, other)
    assert str(caught.value) == f"{other} is not empty and not a package: not overwriting it"


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package, "write_texts", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_package(Instance.of("log2_dequantizer", lanes=1), tmp_path / "ip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("channels", [-1, 65537, True, "many"])
def test_channels_out_of_range(channels, tmp_path):
    with pytest.raises(ValueError) as caught:
        write_package(Instance.of("requantizer"), tmp_path / "ip", channels=channels)
    assert str(caught.value) == f"Channels must be between 0 and 65536, not {channels!r}"


@pytest.mark.parametrize("unit", UNITS)
def test_the_latency_formula_is_the_latency(unit):
    component, parameters = COMPONENTS[unit], UNITS[unit].parameters
    scope = {"min": min, "ceil": lambda x: x, "log2": lambda x: (x - 1).bit_length()}
    ranges = {
        key: range(p.low, p.high + 1) if not p.choices else p.choices
        for key, p in parameters.items()
        if key in component.latency_formula()
    }
    chosen = [{}]
    for key, values in ranges.items():
        chosen = [{**one, key: value} for one in chosen for value in values]
    zero_codes = parameters["zero_code"].choices if "zero_code" in parameters else [None]
    for one in chosen:
        for zero_code in zero_codes:
            given = {**one, **({"zero_code": zero_code} if zero_code else {})}
            resolved = UNITS[unit].resolve(**given)
            said = eval(component.latency_formula(), scope, resolved)
            assert said == component.cycles(resolved), given


@pytest.mark.parametrize("unit", UNITS)
def test_the_beat_by_hand_adds_up_and_is_golden(unit, packages):
    instance = Instance.of(unit, lanes=3)
    sheet = (packages / unit / "README.md").read_text()
    section = sheet.partition("## One beat by hand")[2].partition("\n## ")[0]
    for fields, port in ((instance.inputs, "s_axis_tdata"), (instance.outputs, "m_axis_tdata")):
        table, _, section = section.partition(f"`{port}` = `")
        total = int(section[: section.index("`")], 16)
        parts = re.findall(r"0x(\w+) << (\d+) ", table)
        assert len(parts) == 3 * len(fields)
        assert sum(int(value, 16) << int(position) for value, position in parts) == total
    shown = example(instance)
    inputs = {f.name: np.array(shown.values[f.name]) for f in instance.inputs}
    for name, values in instance.evaluate(inputs, shown.configuration).items():
        assert values.tolist() == shown.values[name]


@pytest.mark.parametrize("unit", UNITS)
def test_the_diagram_is_what_the_simulation_did(unit, packages):
    instance = Instance.of(unit, lanes=3)
    shown = example(instance)
    cycles = trace(instance, shown)
    text = (packages / unit / "doc/timing.json").read_text()
    assert text == wave_json(f"{instance.name}_axis", cycles, shown.stimulus, shown.expected)
    drawn = {row["name"]: row for row in json.loads(text)["signal"] if row}
    expanded = {name: _expand(row["wave"]) for name, row in drawn.items()}
    for port in ("s_axis_tvalid", "s_axis_tready", "m_axis_tvalid", "m_axis_tready"):
        assert expanded[port] == "".join(str(cycle[port]) for cycle in cycles)
    taken = [n for n, c in enumerate(cycles) if c["s_axis_tvalid"] and c["s_axis_tready"]]
    given = [n for n, c in enumerate(cycles) if c["m_axis_tvalid"] and c["m_axis_tready"]]
    assert len(taken) == len(given) == 4
    first = next(n for n, c in enumerate(cycles) if c["m_axis_tvalid"])
    assert first - taken[0] == latency(instance)
    assert given[1] - given[0] == 3  # two cycles of back pressure
    svg = (packages / unit / "doc/timing.svg").read_text()
    assert all(f">{label}<" in svg for label in drawn["m_axis_tdata"]["data"])


def _expand(wave):
    states = ""
    for state in wave:
        states += states[-1] if state == "." else state
    return states


def test_a_unit_that_answers_wrong_has_no_diagram():
    instance = Instance.of("log2_dequantizer", lanes=1)
    shown = example(instance)
    wrong = type(shown)(**{**vars(shown), "expected": [0, 0, 0, 0]})
    with pytest.raises(ValueError) as caught:
        trace(instance, wrong)
    assert str(caught.value) == (
        f"log2_dequantizer_l1 answers {shown.expected}, not [0, 0, 0, 0]"
    )


def test_the_data_sheet_repeats_what_was_measured_and_proved(folder):
    sheet = (folder / "README.md").read_text()
    assert "| `one`    | ecp5   | 17 LUT4 | 123 | 2026-01-02 |" in sheet
    assert "Tools: yosys 1, nextpnr 2.\n" in sheet
    assert "| nothing is lost | proved | every width | induction |" in sheet
    name, unit = name_of(folder), folder.name
    assert (
        f"`{name}` is not among the rows, which are of its unit; `vit2rtl synthesize {unit} "
        "--lanes 3` measures it.\n"
    ) in sheet
    assert f"`vit2rtl prove {unit} --lanes 3` proves this instance.\n" in sheet


def test_a_measured_instance_is_named_as_such_and_tools_once(tmp_path):
    instance = Instance.of("requantizer", lanes=1, bits=8, shift_base=20)
    rows = [AREA | {"instance": instance.name}, AREA | {"tools": "yosys 1, nextpnr 3"}]
    write_package(instance, tmp_path / "ip", area=rows)
    sheet = (tmp_path / "ip/README.md").read_text()
    assert "Tools: yosys 1, nextpnr 2, nextpnr 3.\n" in sheet
    assert (
        "`requantizer_l1_b8_sb20` is one of the rows; `vit2rtl synthesize requantizer --lanes 1 "
        "--bits 8 --shift-base 20` measures it.\n"
    ) in sheet


def test_the_data_sheet_has_every_port_with_its_width(folder):
    sheet = (folder / "README.md").read_text()
    name, told = name_of(folder), {}
    for top in (f"{name}_axis", f"{name}_axi"):
        section = sheet.partition(f"## Ports of `{top}`\n")[2].partition("\n## ")[0]
        told |= dict(re.findall(r"^\| `(\w+)` +\| (\w+ +\| \d+)", section, re.MULTILINE))
        text = (folder / f"rtl/{top}.v").read_text()
        ports = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);",
                           text.partition("endmodule")[0], re.MULTILINE)
        assert len(ports) > 9
        for direction, high, port in ports:
            if port == "s_axis_tdata" and top.endswith("_axi"):
                continue  # less what is in tables: its lanes are told below
            assert told[port].split(" ")[0] == direction
            assert int(told[port].rpartition(" ")[2]) == int(high or 0) + 1, port


def test_the_replay_starts_as_the_data_sheet_says(folder, tmp_path):
    copy = tmp_path / "ip"
    shutil.copytree(folder, copy)
    sheet = (copy / "README.md").read_text()
    start = sheet.partition("```text\n")[2].partition("```")[0].splitlines()
    icarus = [line for line in start if line.startswith(("iverilog ", "vvp "))]
    assert len(icarus) == 2
    outputs = [run(*line.split(), cwd=copy) for line in icarus]
    assert [done.returncode for done in outputs] == [0, 0]
    assert outputs[1].stdout.startswith(f"PASS {name_of(copy)} ")


def test_the_core_s_targets_are_told(folder):
    lines = (folder / f"{name_of(folder)}.core").read_text().partition("\ntargets:\n")[2]
    targets = re.findall(r"^  (\w+):$", lines.partition("\nparameters:")[0], re.MULTILINE)
    told = ", ".join(f"`{target}`" for target in targets)
    assert f"| FuseSoC core: targets {told} |" in (folder / "README.md").read_text()


def test_delays_of_the_constraints_name_no_port_of_one_top_only(folder):
    """The skeletons fit any top: configuration and AXI4-Lite ports are not left out."""
    for path in folder.glob("constraints/*"):
        delays = [line for line in path.read_text().splitlines() if "put_delay" in line]
        assert len(delays) == 2
        assert delays[1].endswith(" [all_outputs]")
        assert set(re.findall(r"\b(?:s_axi|m_axis|aresetn|aclk)\w*", delays[0])) == {"aclk"}


def test_lanes_are_told_once_of_each_top_that_differs(packages):
    titles = {
        unit: re.findall("^## Lanes of (.*)$", (packages / unit / "README.md").read_text(), re.M)
        for unit in UNITS
    }
    for unit in UNITS:
        name = name_of(packages / unit)
        both = [f"`{port}_tdata` of `{name}_axis`" for port in ("s_axis", "m_axis")]
        tables = any(field.channel for field in Instance.of(unit).inputs)
        assert titles[unit] == both + [f"`s_axis_tdata` of `{name}_axi`"] * tables


def test_beats_of_the_diagram_have_all_their_digits(packages):
    for unit in UNITS:
        sheet = (packages / unit / "README.md").read_text()
        section = sheet.partition("## Timing diagram")[2].partition("\n## ")[0]
        beats = re.findall(r"^\| \d +\| `(\w+)` +\| `(\w+)`", section, re.MULTILINE)
        assert len(beats) == 4
        for column in zip(*beats, strict=True):
            assert len(set(map(len, column))) == 1


def test_paths_of_the_project_files_exist(folder):
    name = name_of(folder)
    for file in (folder / f"{name}.f").read_text().split():
        assert (folder / file).is_file()
    assert Path(folder / f"{name}.core").read_text().startswith("CAPI=2:\n")

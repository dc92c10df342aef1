"""The regression as a whole: both simulators pass, and what must be refused is refused."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.every import long, sampled
from tests.lane_wise import LANE_WISE
from vit2rtl import rtl
from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.functional import merged
from vit2rtl.sim.run.regression import run_regression
from vit2rtl.sim.run.results import write_junit
from vit2rtl.sim.tools import simulators

NAMES = ["requantizer_l2_aw20", "log_sqrt2_quantizer_l2", "log2_dequantizer_l2"]


def test_every_bench_of_every_instance_passes_on_both_simulators(bundle, bundle_path, tmp_path):
    results = run_regression(bundle_path, out=tmp_path / "simulation", coverage=True)
    assert [(r.simulator, r.instance, r.bench, r.passed) for r in results] == [
        (simulator, name, bench, True)
        for simulator in ("icarus", "verilator")
        for name in NAMES
        for bench in ("stalls", "reset", "throughput", "replay")
    ]
    beats = {e.instance.name: sum(r.beats for r in e.records) for e in bundle.entries}
    for result in results:
        if result.bench == "replay":
            assert result.beats == beats[result.instance]
        elif result.bench == "stalls":
            assert result.cases == 4 * 4 * 3 + 2
            assert result.beats > 4000
        elif result.bench == "reset":
            assert result.cases == 3 * 3 * 2 + 5
    check_junit(tmp_path / "deep" / "results.xml", results)
    check_coverage(bundle, results)


def check_coverage(bundle, results):
    """Every bin of every lane-wise unit, in each simulator by itself."""
    assert {entry.instance.unit.name for entry in bundle.entries} == set(LANE_WISE)
    for simulator in ("icarus", "verilator"):
        covered = merged([result for result in results if result.simulator == simulator])
        for entry, found in zip(bundle.entries, covered, strict=True):
            assert list(found.hits) == declared(entry.instance, rtl.latency(entry.instance))
            assert not found.missing


def check_junit(path, results):
    write_junit(path, results)
    root = ElementTree.parse(path).getroot()
    cases = root.findall("testsuite/testcase")
    assert root.get("tests") == str(len(results)) == str(len(cases))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert cases[0].get("classname") == "icarus.requantizer_l2_aw20"
    assert cases[0].get("name") == "stalls"
    assert cases[0].find("properties/property[@name='mismatches']").get("value") == "0"


def test_replay_under_stalls(bundle_path, tmp_path):
    settings = {"simulators": ["icarus"], "units": ["log2_dequantizer"], "out": tmp_path}
    results = run_regression(bundle_path, stall=60, seed=3, jobs=2, **settings)
    assert all(result.passed for result in results)


@pytest.mark.parametrize("simulator", sampled(["icarus", "verilator"], "icarus".__eq__))
def test_waves_are_recorded(simulator, bundle_path, tmp_path):
    if simulator == "verilator" and not compiles("#include <zlib.h>\n#include <lz4.h>\n"):
        pytest.skip("waves from Verilator need zlib1g-dev and liblz4-dev")
    results = run_regression(
        bundle_path,
        simulators=[simulator],
        units=["log2_dequantizer_l2"],
        waves=True,
        out=tmp_path,
    )
    assert all(result.passed for result in results)
    assert {result.waves.name for result in results} == {"protocol.fst", "replay.fst"}
    assert all(result.waves.stat().st_size > 1000 for result in results)


def test_folders_with_spaces_and_umlauts(bundle_path, tmp_path):
    folder = tmp_path / "Bündel und Läufe"
    shutil.copytree(bundle_path, folder)
    settings = {"simulators": ["icarus"], "units": ["log2_dequantizer_l2"], "waves": True}
    results = run_regression(folder, out=folder / "läuft", **settings)
    assert [result.details for result in results] == [()] * 4
    assert all(result.passed for result in results)
    assert all(result.waves.stat().st_size > 1000 for result in results)


def compiles(text):
    command = ["g++", "-fsyntax-only", "-x", "c++", "-"]
    return not subprocess.run(command, input=text, text=True, capture_output=True).returncode


def test_a_corrupt_bundle_is_refused_before_anything_runs(bundle_path, tmp_path):
    broken = tmp_path / "bundle"
    shutil.copytree(bundle_path, broken)
    stimulus = broken / NAMES[0] / "blocks.0.attn.qkv" / "i.mem"
    text = stimulus.read_text()
    stimulus.write_text(("1" if text[0] == "0" else "0") + text[1:])
    with pytest.raises(ValueError, match=r"i\.mem"):
        run_regression(broken, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_simulator_is_an_error_with_the_remedy(bundle_path, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError) as error:
        run_regression(bundle_path, simulators=["icarus"], out=tmp_path / "out")
    assert str(error.value) == (
        "Simulator icarus cannot be used here: install Icarus Verilog: apt-get install iverilog"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stall": 100}, "Stall must be between 0 and 99, not 100"),
        ({"jobs": 0}, "Jobs must be at least 1, not 0"),
        ({"simulators": []}, "Simulator must be one of icarus, verilator, not none"),
        ({"simulators": ["vcs"]}, "Simulator must be one of icarus, verilator, not 'vcs'"),
        (
            {"units": ["gelu"]},
            f"Unit must be one of the bundle's ({', '.join(NAMES)}), not 'gelu'",
        ),
        (
            {"simulators": ["icarus"], "code_coverage": True},
            "Code coverage needs Verilator, and only Icarus is to run",
        ),
        ({"verilog_folder": "nowhere"}, "Verilog folder nowhere does not exist"),
        (
            {"verilog_folder": Path(__file__).parent},
            f"No file in {Path(__file__).parent} has a module {NAMES[0]}_axis",
        ),
    ],
)
def test_settings_that_make_no_sense(settings, message, bundle_path, tmp_path):
    with pytest.raises(ValueError) as error:
        run_regression(bundle_path, out=tmp_path, **settings)
    assert str(error.value) == message


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_verilog_that_does_not_compile_is_one_error(simulator, bundle_path, tmp_path):
    (tmp_path / "mine.v").write_text(f"module {NAMES[2]}_axis(input aclk;\nendmodule\n")
    with pytest.raises(ValueError, match=rf"^{simulator} cannot compile the bench, see .*\.log: "):
        run_regression(
            bundle_path,
            simulators=[simulator],
            units=[NAMES[2]],
            verilog_folder=tmp_path,
            out=tmp_path / "out",
        )


def test_a_dead_unit_is_given_up_on(bundle_path, tmp_path):
    (tmp_path / "dead.v").write_text(
        f"module {NAMES[2]}_axis(input aclk, input aresetn, input [7:0] s_axis_tdata,\n"
        "  input s_axis_tvalid, input s_axis_tlast, output s_axis_tready,\n"
        "  output [31:0] m_axis_tdata, output m_axis_tvalid, output m_axis_tlast,\n"
        "  input m_axis_tready);\n"
        "  assign s_axis_tready = 1'b0, m_axis_tvalid = 1'b0, m_axis_tlast = 1'b0;\n"
        "  assign m_axis_tdata = 0;\n"
        "endmodule\n"
    )
    results = run_regression(
        bundle_path,
        simulators=["icarus"],
        units=[NAMES[2]],
        verilog_folder=tmp_path,
        out=tmp_path / "out",
    )
    problems = {result.bench: result.details[0].problem for result in results}
    assert problems["stalls"].startswith("stuck: 0 beats in, 0 out")
    assert "watchdog" in problems["replay"]
    assert not any(result.passed for result in results)


@long
def test_a_slow_unit_passes(bundle_path, tmp_path):
    """One beat at a time, 40 cycles each, with a ROM of the golden values."""
    rom = "".join(
        f"      4'd{code}: value = 16'd{value};\n"
        for code, value in enumerate(log_sqrt2.dequantize(np.arange(16), bits=4))
    )
    (tmp_path / "slow.v").write_text(SLOW.replace("NAME", NAMES[2]).replace("ROM", rom))
    results = run_regression(
        bundle_path,
        simulators=["icarus"],
        units=[NAMES[2]],
        verilog_folder=tmp_path,
        out=tmp_path / "out",
    )
    assert [result.details for result in results] == [()] * 3
    assert all(result.passed for result in results)


SLOW = """
module NAME_axis(input aclk, input aresetn, input [7:0] s_axis_tdata,
    input s_axis_tvalid, input s_axis_tlast, output s_axis_tready,
    output [31:0] m_axis_tdata, output m_axis_tvalid, output reg m_axis_tlast,
    input m_axis_tready);
  reg busy;
  reg [5:0] wait_for;
  reg [7:0] codes;
  assign s_axis_tready = aresetn && !busy;
  assign m_axis_tvalid = aresetn && busy && wait_for == 0;
  assign m_axis_tdata = {value(codes[7:4]), value(codes[3:0])};
  function [15:0] value(input [3:0] code);
    case (code)
ROM    endcase
  endfunction
  always @(posedge aclk)
    if (!aresetn) busy <= 0;
    else if (s_axis_tvalid && s_axis_tready) begin
      busy <= 1;
      wait_for <= 40;
      codes <= s_axis_tdata;
      m_axis_tlast <= s_axis_tlast;
    end else if (m_axis_tvalid && m_axis_tready) busy <= 0;
    else if (wait_for != 0) wait_for <= wait_for - 1;
endmodule
"""


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_simulator_behind(signal_number, bundle_path, tmp_path):
    command = [sys.executable, "-c", "from vit2rtl.cli import main; main()", "simulate"]
    command += [str(bundle_path), "--simulator", "icarus", "--out", str(tmp_path)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: simulators_in(tmp_path))
        child.send_signal(signal_number)
        assert "interrupted" in child.communicate(timeout=60)[1]
        assert child.returncode == 130
        assert not simulators_in(tmp_path)
    finally:
        child.kill()


def wait_for(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def simulators_in(folder):
    """Process ids of simulators that run in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "cmdline").read_bytes().split(b"\0")[0]
            place = Path(os.readlink(process / "cwd"))
        except OSError:
            continue
        if name.endswith(b"vvp") and place.is_relative_to(folder):
            found.append(int(process.name))
    return found


def test_probe_tells_about_every_tool():
    tools = {tool.name: tool for tool in simulators.probe()}
    assert list(tools) == ["icarus", "verilator", "cocotb", "ccache"]
    assert all(bool(tool.remedy) != tool.usable for tool in tools.values())

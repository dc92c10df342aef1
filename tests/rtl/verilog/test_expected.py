"""The exporter's text, byte by byte: what it makes of yosys' output shows in these files."""

import subprocess

import pytest

from tests.rtl.verilog.expected import FOLDER, Memories, memories, text
from vit2rtl.golden.units import UNITS
from vit2rtl.rtl.verilog import modules, yosys

BENCH = """
module bench;
  reg clk = 0, write = 0;
  reg [3:0] address = 0;
  reg [7:0] entry = 8'hA5;
  wire [7:0] sum;
  wire [2:0] weight;
  memories dut (.clk(clk), .rst(1'b0), .address(address), .entry(entry), .write(write),
    .sum(sum), .weight(weight));
  initial begin
    for (address = 0; address < 15; address = address + 1) begin
      #1 clk = 1; #1 clk = 0; $display("%0d %0d %0d", address, sum, weight);
    end
    address = 3; write = 1;
    #1 clk = 1; #1 clk = 0; write = 0;
    #1 clk = 1; #1 clk = 0; $display("%0d %0d %0d", address, sum, weight);
  end
endmodule
"""


@pytest.mark.parametrize("unit", UNITS)
def test_units(unit):
    file = FOLDER / f"{unit}.v"
    assert file.exists(), f"Unit {unit} has no expected Verilog: python -m {text.__module__}"
    assert text(unit) == file.read_text("utf-8")


def test_memories_of_any_name():
    assert memories() == (FOLDER / "memories.v").read_text("utf-8")


def test_every_file_is_of_something():
    assert {file.stem for file in FOLDER.iterdir()} == {*UNITS, "memories"}


def test_memories_begin_as_they_should_in_icarus(tmp_path):
    (tmp_path / "bench.v").write_text(BENCH + modules("memories", Memories())[0])
    command = ["iverilog", "-g2001", "-Wall", "-s", "bench", "-o", "bench", "bench.v"]
    build = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not [line for line in build.stderr.splitlines() if "timescale" not in line]
    lines = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    weights = [1, 5, 2, 0]
    assert lines[:15] == [f"{n} 0 {weights[n % 4]}" for n in range(15)]
    assert lines[15] == "3 165 5"


def test_yosys_reads_the_attribute(tmp_path):
    """With it a memory of one clock needs no register beside it that would emulate a collision."""
    log = yosys.run(
        "read_verilog memories.v; proc; memory_dff; memory_collect; select -list a:no_rw_check",
        tmp_path, files={"memories.v": memories()},
    )
    assert "memories/sums" in log
    assert "memories/weights" not in log

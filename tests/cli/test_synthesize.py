"""``vit2rtl synthesize``: what it prints and keeps, its exit codes, its errors in one line."""

import json

import pytest

from vit2rtl.golden.units import UNITS
from vit2rtl.rtl.synthesis import plan, table
from vit2rtl.rtl.synthesis.devices import DEVICES
from vit2rtl.rtl.synthesis.references.registry import designs

MAC = ("synthesize", "mac_parity_split", "--no-place")


def test_prints_a_table_and_keeps_the_files(command, tmp_path):
    request = ("synthesize", "log2_dequantizer", "--lanes", 1, "--seeds", 1)
    code, out, _ = command(*request, "--jobs", 2, "--out", tmp_path / "a")
    assert command(*request, "--jobs", 1)[:2] == (code, out)
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "Lattice ECP5 LFE5U-85F, speed grade 6"
    assert lines[1].split() == ["LUT4", "CCU2C", "COMB", "FF", "MULT18", "EBR", "MHz"]
    assert lines[2].split()[0] == "log2_dequantizer_l1"
    assert "nextpnr-ecp5 " in lines[-1]
    stem = "log2_dequantizer_l1"
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "measurements.json", f"{stem}.v", f"{stem}.harness.v",
        *(f"{stem}.ecp5.{end}" for end in (
            "log", "cells.json", "netlist.json", "netlist.seed1.json", "netlist.seed1.log")),
    }


def test_json_has_the_rows(command, tmp_path):
    code, out, _ = command(*MAC, "--json", "--out", tmp_path)
    (row,) = json.loads(out)
    assert code == 0
    assert row["fmax_mhz"] is None and row["seeds"] == 0
    assert row["cells"]["COMB"] == row["cells"]["LUT4"] + 2 * row["cells"]["CCU2C"]
    written = json.loads((tmp_path / "measurements.json").read_text(encoding="utf-8"))
    assert written["measurements"] == [row]


def test_a_second_run_replaces_the_first_and_nothing_else(command, tmp_path):
    for _ in range(2):
        assert command(*MAC, "--out", tmp_path / "a")[0] == 0
    (tmp_path / "a" / "notes.txt").write_text("mine")
    code, _, err = command(*MAC, "--out", tmp_path / "a")
    assert (code, err) == (2, f"vit2rtl: {tmp_path / 'a'} holds 'notes.txt', which is no part of "
                              "the synthesis: not overwriting it\n")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine").write_text("mine")
    code, out, err = command(*MAC, "--out", tmp_path / "b")
    text = f"vit2rtl: {tmp_path / 'b'} is not empty and not a synthesis: not overwriting it\n"
    assert (code, out, err) == (2, "", text)


def test_check_passes_on_the_committed_table(command):
    code, out, err = command("synthesize", "--check", *MAC[1:], "--device", "ecp5")
    assert code == 0, err
    assert out.splitlines()[-1] == "Rows measured: 1, all within 15% of the table"


def test_check_fails_on_another_table(command, monkeypatch):
    rows = table.committed()
    for row in rows:
        row["cells"] = {name: 2 * number for name, number in row["cells"].items()}
    monkeypatch.setattr(table, "committed", lambda: rows)
    code, _, err = command("synthesize", "--check", *MAC[1:], "--device", "ecp5")
    assert code == 1
    assert err.splitlines()[0].startswith("mac_parity_split on ecp5: LUT4 ")
    assert err.splitlines()[-1] == (
        "vit2rtl: 4 figures differ from the committed table")


def test_table_writes_the_three_files_of_the_page(command, tmp_path, monkeypatch):
    """With the committed rows as if just measured: what becomes of them is tested here."""
    rows = {table.key(row): row for row in table.committed()}
    monkeypatch.setattr("vit2rtl.rtl.synthesis.farm.measured",
                        lambda tasks, *_: [rows[task.key] for task in tasks])
    code, _, err = command("synthesize", "--table", "--out", tmp_path)
    assert code == 0, err
    assert json.loads((tmp_path / "area.json").read_text(encoding="utf-8"))[
        "measurements"] == list(rows.values())
    assert (tmp_path / "area.md").read_text(encoding="utf-8").startswith("# Area and clock")
    assert (tmp_path / "area.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["reqantizer"],
            "UNIT must be one of "
            f"{', '.join([*UNITS, *designs(), 'engine', 'components'])}, not 'reqantizer'",
        ),
        (
            ["log2_dequantizer", "--acc-width", 18],
            "log2_dequantizer has no option --acc-width; "
            "it has --lanes, --bits, --width, --zero-code",
        ),
        (["mac_multiply", "--lanes", 1], "mac_multiply has no option --lanes; it has none"),
        (["requantizer", "--bits", 17], "Bits must be between 2 and 16, not 17"),
        (["--device", "ecp6"], "Invalid value for '--device': 'ecp6' is not one of 'ecp5', "
                               "'ice40', 'xcup', 'xc7'."),
        (["--seeds", 0], "Invalid value for '--seeds': 0 is not in the range 1<=x<=99."),
        (["--check", "--lanes", 2],
         "--lanes does not go with the committed table: leave it out"),
        (["--table", "--fabric", "--out", "x"],
         "--fabric does not go with the committed table: leave it out"),
        (["--table", "--check", "--out", "x"], "Give --check or --table, not both"),
        (["--table"], "--table needs --out DIR, and measures all devices and seeds"),
        (["--table", "--no-place", "--out", "x"],
         "--table needs --out DIR, and measures all devices and seeds"),
        (["engine"], "engine goes alone, with --configuration"),
        (["requantizer", "--configuration", "small"], "engine goes alone, with --configuration"),
        (["engine", "--configuration", "small", "--lanes", 2],
         "engine goes alone, with --configuration"),
        (["engine", "--configuration", "small", "--check"],
         "engine goes alone, with --configuration"),
        (["--check", "mac_multiply", "--device", "ice40"], "The table has no row of this kind"),
    ],
)
def test_usage_errors_take_one_line(command, tmp_path, monkeypatch, arguments, text):
    monkeypatch.chdir(tmp_path)
    code, out, err = command("synthesize", *arguments)
    assert (code, out, err.splitlines()[-1]) == (2, "", f"vit2rtl: {text}")
    assert not list(tmp_path.iterdir())


def test_without_units_every_unit_is_measured(command, monkeypatch):
    seen = []
    (row,) = table.committed()[:1]
    monkeypatch.setattr("vit2rtl.rtl.synthesis.farm.measured",
                        lambda tasks, *_: seen.extend(tasks) or [row] * len(tasks))
    assert command("synthesize", "--seeds", 7, "--device", "xc7", "--device", "ice40")[0] == 0
    assert [(t.design.source, t.device.name) for t in seen] == [
        (unit, device) for unit in UNITS for device in ("xc7", "ice40")]
    assert {t.runs for t in seen if t.device.name == "ice40"} == {7}
    assert {t.runs for t in seen if t.device.name == "xc7"} == {0}


def test_the_engine_is_placed_as_it_is(command, tmp_path, monkeypatch):
    """A counter instead of its Verilog, which takes minutes: what becomes of it is tested here."""
    monkeypatch.setattr("vit2rtl.rtl.engine.verilog.convert", lambda configuration: (
        "// of the engine\n"
        f"module encoder_engine_{configuration.name}(input aclk, output reg [3:0] irq);\n"
        "  always @(posedge aclk) irq <= irq + 1;\nendmodule\n"))
    code, out, err = command("synthesize", "engine", "--configuration", "small", "--device",
                             "ecp5", "--device", "xcup", "--seeds", 1, "--json",
                             "--jobs", 1, "--out", tmp_path / "a")
    assert code == 0, err
    ecp5, xcup = json.loads(out)
    assert (ecp5["instance"], ecp5["source"], ecp5["unit"], ecp5["parameters"]) == (
        "encoder_engine_small", "engine", None, {"configuration": "small"})
    assert ecp5["cells"]["FF"] == xcup["cells"]["FF"] == 4
    assert ecp5["fmax_by_seed"] == [ecp5["fmax_mhz"]] and ecp5["fmax_mhz"] > 80
    assert xcup["fmax_mhz"] is None
    netlist = json.loads(
        (tmp_path / "a" / "encoder_engine_small.ecp5.netlist.json").read_text(encoding="utf-8"))
    assert netlist["modules"]["encoder_engine_small"]["ports"].keys() == {"aclk", "irq"}
    assert not list((tmp_path / "a").glob("*.harness.v"))


def test_help_names_units_devices_and_examples(command):
    code, out, _ = command("synthesize", "--help")
    assert code == 0
    for name in (*UNITS, *DEVICES, "vit2rtl synthesize --check"):
        assert name in out
    assert f"default: {plan.SEEDS}" in out


def test_a_part_of_the_engine_is_measured_again(command, tmp_path):
    code, out, err = command(
        "synthesize", "components", "watchdog", "--device", "ecp5", "--check", "--out",
        tmp_path / "parts")
    assert code == 0, err
    assert out.endswith("Rows measured: 1, all within 2% of the table\n")
    assert (tmp_path / "parts" / "watchdog.v").exists()


@pytest.mark.parametrize(("arguments", "message"), [
    (["watchdog", "components"], "components goes first"),
    (["components", "--lanes", 4], "components goes first"),
    (["components", "queue"], "Part must be one of native_column, counters"),
    (["components", "--table"], "--table needs --out DIR"),
    (["components", "--table", "--check"], "Give --check or --table, not both"),
])
def test_what_does_not_go_with_parts_is_told(command, arguments, message):
    code, _, err = command("synthesize", *arguments)
    assert code == 2 and message in err

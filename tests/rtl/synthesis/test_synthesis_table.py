"""The committed table: complete, within the figures aimed at, and what docs/area.md shows."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from tests.every import EVERY
from vit2rtl.golden.units import UNITS
from vit2rtl.rtl.synthesis import document, plan, table
from vit2rtl.rtl.synthesis.comparisons import find
from vit2rtl.rtl.synthesis.designs import Design, design
from vit2rtl.rtl.synthesis.references.attention_value import MACS
from vit2rtl.rtl.synthesis.references.requantizer import PEERS, SHIFTS

ROWS = table.committed()
DOCUMENT = Path(__file__).parents[3] / "docs" / "area.md"


def test_the_page_is_what_the_measurements_render_to():
    assert DOCUMENT.read_text(encoding="utf-8") == document.markdown(ROWS), "run `make area`"


def test_a_changed_measurement_changes_the_page():
    rows = deepcopy(ROWS)
    rows[0]["cells"]["LUT4"] += 1
    assert DOCUMENT.read_text(encoding="utf-8") != document.markdown(rows)


def test_the_table_has_every_row_of_the_plan_and_no_other():
    assert [table.key(row) for row in ROWS] == [task.key for task in plan.tasks()], "run make area"
    assert [row["seeds"] for row in ROWS] == [task.runs for task in plan.tasks()]


def test_the_verilog_is_the_one_that_was_measured():
    """Of a design of each unit; of every design with `make test-all`."""
    digests = {row["instance"]: row["verilog"] for row in ROWS}
    designs = {task.design.name: task.design for task in plan.tasks()}
    assert digests.keys() == designs.keys()
    units = {one.source: one for one in designs.values() if one.source in UNITS}
    chosen = designs if EVERY else units
    for one in chosen.values():
        assert digests[one.name] == one.digest, "run make area"


def test_the_digest_sees_the_circuit_and_not_the_comments():
    one = design("log2_dequantizer", lanes=1)
    again, renamed, other = (Design(one.source, one.instance) for _ in range(3))
    vars(renamed)["verilog"] = one.verilog.replace("// vit2rtl ", "// another ")
    vars(other)["verilog"] = one.verilog.replace("posedge", "negedge")
    assert one.verilog not in (vars(renamed)["verilog"], vars(other)["verilog"])
    assert one.digest == again.digest == renamed.digest != other.digest


def test_every_unit_is_in_the_table_at_every_number_of_lanes():
    for name in UNITS:
        lanes = {row["parameters"]["lanes"] for row in table.measured(name)}
        assert lanes == set(plan.LANES)


@pytest.mark.parametrize(
    ("unit", "parameters", "cells", "mhz"),
    [
        ("requantizer", {"bits": 8}, {"COMB": 240, "MULT18": 2}, 130),
        ("requantizer", {"bits": 8, "shift_base": 20}, {"COMB": 220, "MULT18": 2}, 130),
        (
            "requantizer",
            {"bits": 4, "acc_width": 18, "shift_base": 24, "shift_width": 0},
            {"COMB": 70, "MULT18": 1},
            130,
        ),
        ("log_sqrt2_quantizer", {"bits": 4}, {"COMB": 160}, 150),
        ("log2_dequantizer", {"bits": 4}, {"LUT4": 18}, 350),
        ("layernorm_lane", {}, {"COMB": 560, "MULT18": 5, "EBR": 0}, 120),
        ("layernorm_root", {}, {"COMB": 1000, "MULT18": 4, "EBR": 1}, 90),
        ("layernorm_quantizer", {}, {"COMB": 1800, "MULT18": 10, "EBR": 5}, 90),
    ],
)
def test_units_are_as_small_and_fast_as_they_should_be(unit, parameters, cells, mhz):
    row = find(ROWS, unit, **parameters)
    assert {name: row["cells"][name] for name in cells if row["cells"][name] > cells[name]} == {}
    assert row["fmax_mhz"] >= mhz


def test_what_the_page_concludes_is_so():
    comb = {key: find(ROWS, key[0], fabric=key[1])["cells"]["COMB"] for key in MACS}
    multiply, rom, split = (comb[key] for key in MACS[:3])
    assert split < 0.6 * multiply and multiply < rom
    by_shift = [find(ROWS, "requantizer", bits=8, **p)["cells"]["COMB"] for _, p in SHIFTS]
    assert by_shift == sorted(by_shift, reverse=True) and len(set(by_shift)) == 3
    for _, parameters in SHIFTS:
        ours, direct = (find(ROWS, source, bits=8, **parameters)
                        for source in ("requantizer", "requantizer_direct"))
        assert ours["cells"]["COMB"] < direct["cells"]["COMB"]
    search, parallel = (find(ROWS, source) for source in
                        ("log_sqrt2_quantizer", "log_sqrt2_quantizer_parallel"))
    assert search["cells"]["COMB"] < parallel["cells"]["COMB"]
    assert search["cells"]["FF"] > parallel["cells"]["FF"]
    assert search["fmax_mhz"] < parallel["fmax_mhz"]
    for bits in (4, 6, 8):
        shift = find(ROWS, "log2_dequantizer", bits=bits)["cells"]["COMB"]
        rom = find(ROWS, "log2_dequantizer_rom", fabric=True, bits=bits)["cells"]["COMB"]
        assert abs(shift - rom) <= 0.15 * rom
    luts = [find(ROWS, source, "xcup", fabric=fabric, bits=8)["cells"]["LUT"]
            for source, fabric in (("log2_dequantizer_rom", True), ("log2_dequantizer", False))]
    assert luts[0] < luts[1]


def test_the_parity_split_has_no_multiplier():
    assert find(ROWS, "mac_parity_split")["cells"]["MULT18"] == 0
    assert all(find(ROWS, source, fabric=True)["cells"]["MULT18"] == 0 for source, _ in MACS[:2])
    assert all(find(ROWS, source)["cells"]["MULT18"] == 1 for source, _ in MACS[:2])


def test_measured_has_flat_counts_for_ecp5_and_none_elsewhere():
    rows = table.measured("log2_dequantizer")
    ecp5 = [row for row in rows if row["device"] == "ecp5"]
    assert all(row["comb"] == row["cells"]["COMB"] > 0 for row in ecp5)
    assert {row["comb"] for row in rows if row["device"] == "xcup"} == {None}
    assert set(rows[0]) == {
        "instance", "unit", "parameters", "device", "cells", "lut4", "ccu2c", "comb", "ff",
        "mult18", "ebr", "fmax_mhz", "seeds", "date", "tools"}
    assert {row["unit"] for row in rows} == {"log2_dequantizer"}
    assert not [row for row in rows if "rom" in row["instance"]]


@pytest.mark.parametrize(("factor", "count"), [(1, 0), (1.14, 0), (0.86, 0), (1.16, 1), (0.84, 1)])
def test_fifteen_percent_is_the_limit(factor, count):
    (row,) = [deepcopy(r) for r in ROWS
              if (r["source"], r["device"]) == ("mac_parity_split", "ecp5")]
    before = row["fmax_mhz"]
    row["fmax_mhz"] = before * factor
    found = table.differences([row])
    assert found == [f"mac_parity_split on ecp5: MHz {row['fmax_mhz']}, in the table {before}"
                     ][:count]


def test_other_cells_and_unknown_rows_are_told():
    row = deepcopy(find(ROWS, "requantizer", bits=8))
    old = row["cells"]["MULT18"]
    row["cells"]["MULT18"] = 4
    row["verilog"] = "0123456789abcdef"
    strange = deepcopy(row) | {"instance": "other"}
    assert table.differences([row, strange]) == [
        f"{row['instance']} on ecp5: the table was measured with other Verilog",
        f"{row['instance']} on ecp5: MULT18 4, in the table {old}",
        "other on ecp5: not in the table",
    ]


def test_fresh_rows_take_the_place_of_the_table_s_in_the_plan_s_order(tmp_path):
    fresh = deepcopy(ROWS[1]) | {"date": "2030-01-01"}
    rows = table.merged([fresh], [task.key for task in plan.tasks()])
    assert rows == [ROWS[0], fresh, *ROWS[2:]]
    table.write(rows, tmp_path / "area.json")
    text = (tmp_path / "area.json").read_text(encoding="utf-8")
    assert json.loads(text)["measurements"] == rows
    assert [path.name for path in tmp_path.iterdir()] == ["area.json"]


def test_terminal_tables_line_up():
    rows = [row for row in ROWS if row["source"] == "mac_multiply"]
    lines = document.text_tables(rows)
    assert lines[0] == "Lattice ECP5 LFE5U-85F, speed grade 6"
    assert [line.split()[0] for line in lines[1:4]] == ["LUT4", "mac_multiply", "mac_multiply"]
    assert len({len(line) for line in lines[2:4]}) == 1
    assert "AMD UltraScale+: cells before placement, no clock" in lines


def test_peers_cells_add_up():
    assert [peer.comb for peer in PEERS] == [799, 590, 951, 475]

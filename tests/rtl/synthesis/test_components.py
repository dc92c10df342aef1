"""The table of parts and columns: complete, of today's Verilog, and measured again within 2 %."""

from copy import deepcopy

import pytest

from tests.every import EVERY
from vit2rtl.rtl.synthesis import components, plan, table

ROWS = components.committed()


def test_the_table_has_every_row_and_no_other():
    assert [table.key(row) for row in ROWS] == [task.key for task in plan.component_tasks()], (
        "run `make components`")
    assert all(row["seeds"] == 0 and row["fmax_mhz"] is None for row in ROWS)


@pytest.mark.parametrize(("missing", "named"), [
    (("native_column", {"rows": 16, "weights": 3, "activations": 7}, "xcup"),
     "native_column rows 16 weights 3 activations 7 on xcup"),
    (("faults", {}, "ecp5"), "faults on ecp5"),
    (("softmax", {"case": "small_wide"}, "ecp5"), "softmax case small_wide on ecp5"),
])
def test_a_missing_row_is_named(missing, named, monkeypatch):
    rows = [row for row in ROWS
            if (row["source"], row["parameters"], row["device"]) != missing]
    assert components.whole() == ROWS and len(rows) == len(ROWS) - 1
    monkeypatch.setattr(components, "committed", lambda: rows)
    with pytest.raises(ValueError) as error:
        components.whole()
    assert str(error.value) == (
        f"Table components.json has no row of {named}: install vit2rtl again, or measure it by "
        "vit2rtl synthesize components")


def test_all_widths_are_there_on_both_devices():
    for device in ("ecp5", "xcup"):
        widths = {(row["parameters"]["weights"], row["parameters"]["activations"])
                  for row in ROWS if row["source"] == components.COLUMN
                  and row["device"] == device and row["parameters"]["rows"] == 16}
        assert widths == {(w, a) for w in range(2, 9) for a in range(2, 9)}


def test_the_verilog_is_the_one_that_was_measured():
    """Of the columns of widths on the diagonal and of small parts; of all with `make test-all`."""
    small = ("faults", "watchdog", "counters", "load")
    digests = {row["instance"]: row["verilog"] for row in ROWS}
    tasks = {task.design.name: task.design for task in plan.component_tasks(devices=["ecp5"])}
    for design in tasks.values():
        narrow = design.parameters.get("rows") == 8 and design.parameters["weights"] % 2
        if EVERY or narrow or design.source in small:
            assert digests[design.name] == design.digest, "run `make components`"


def test_columns_grow_with_bits_and_have_no_blocks():
    cells = {(row["device"], row["parameters"]["weights"], row["parameters"]["activations"]):
             row["cells"] for row in ROWS
             if row["source"] == components.COLUMN and row["parameters"]["rows"] == 16}
    for (device, w, a), one in cells.items():
        logic, block = ("COMB", "MULT18") if device == "ecp5" else ("LUT", "DSP48")
        assert one[block] == 0
        if a < 8:
            assert one[logic] < cells[device, w, a + 1][logic]


@pytest.mark.parametrize(("factor", "count"), [(1, 0), (1.01, 0), (1.05, 1), (0.95, 1)])
def test_two_percent_is_the_limit(factor, count):
    row = deepcopy(next(row for row in ROWS if row["source"] == "matmul"))
    before = row["cells"]["COMB"]
    row["cells"]["COMB"] = round(before * factor)
    lines = table.differences([row], ROWS, components.TOLERANCE)
    assert lines == [f"matmul_small on ecp5: COMB {round(before * factor)}, in the table {before}"
                     ][:count]


def test_an_unknown_part_is_named():
    with pytest.raises(ValueError, match=r"Part must be one of native_column, .*, not 'queue'"):
        plan.component_tasks(["queue"])

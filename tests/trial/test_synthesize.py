"""Area of units on trial: measured from their one file, and without references where there is none.
"""

import pytest
from click.testing import CliRunner

from vit2rtl.commands.synthesize import command
from vit2rtl.rtl.synthesis import plan
from vit2rtl.rtl.synthesis.references.registry import REFERENCES, designs


@pytest.mark.parametrize("unit", ["row_maximum", "table_lookup"])
def test_cells_on_ecp5(unit):
    options = ["--lanes", "2", "--width", "4", "--device", "ecp5", "--no-place", "--jobs", "1"]
    done = CliRunner().invoke(command, [unit, *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    names = lines[1].split()
    assert names[-1] == "MHz"  # of which there is none
    cells = dict(zip(names[:-1], map(int, lines[2].split()[1:]), strict=True))
    assert lines[2].startswith(f"{unit}_l2_w4 ")
    assert cells["FF"] >= 4 and cells["COMB"] > 0


def test_the_plan_measures_defaults_and_variants():
    names = [task.design.name for task in plan.tasks(["row_maximum"], ["ecp5"])]
    assert names == ["row_maximum_l1", "row_maximum_l1_w16", "row_maximum_l4", "row_maximum_l16"]


def test_missing_references_are_a_sentence_and_the_defaults_are_measured(monkeypatch):
    modules = {k: v for k, v in REFERENCES._modules.items() if k != "row_maximum"}
    monkeypatch.setattr(REFERENCES, "_modules", modules)
    with pytest.raises(ValueError) as caught:
        REFERENCES["row_maximum"]
    assert str(caught.value) == (
        "Unit row_maximum has no references of the area table: "
        "add REFERENCES in rtl/synthesis/references/row_maximum.py"
    )
    names = [task.design.name for task in plan.tasks(["row_maximum"], ["ecp5"])]
    assert names == ["row_maximum_l1", "row_maximum_l4", "row_maximum_l16"]
    assert "requantizer_direct" in designs()

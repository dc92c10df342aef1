"""The page of methods says what the table of areas has measured."""

import re

import pytest

from vit2rtl.rtl.synthesis import table
from vit2rtl.rtl.synthesis.comparisons import find
from vit2rtl.rtl.synthesis.references.attention_value_methods import LANES

from .documents import ROOT

# The columns of the page's first table of hardware, and their lanes.
COLUMNS = ("log_sqrt2_bounded", "twin_pair", "log2_bounded", "uniform_bounded")
BITS = (4, 6, 8)


def cells(first):
    """Those of the row that begins so."""
    text = (ROOT / "docs/methods.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {first} \|(.*)\|$", text, re.MULTILINE)
    return [[*map(int, re.findall(r"\d+", cell))] for cell in row.split("|")]


@pytest.mark.parametrize(("column", "name"), [*enumerate(COLUMNS)])
def test_lanes_have_the_area_that_was_measured(column, name):
    rows = [find(table.committed(), f"av_{name}_{bits}") for bits in BITS]
    assert cells("lane of attention × V")[column] == [row["cells"]["COMB"] for row in rows]


@pytest.mark.parametrize(("column", "name"), [*enumerate(COLUMNS)])
def test_sums_are_those_of_the_lane(column, name):
    assert cells("its sums at 4 bits")[column] == [
        width for _, width in LANES[f"av_{name}_4"].sums()]

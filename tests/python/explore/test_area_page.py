"""docs/explore-area.md has the tables of today's model."""

from pathlib import Path

import pytest

from vit2rtl.explore.area import page as area_page
from vit2rtl.explore.area.columns import leave_one_out
from vit2rtl.explore.area.composition import joined

PAGE = (Path(__file__).parents[3] / "docs" / "explore-area.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("lines", [
    area_page.error_lines(),
    *(area_page.column_lines(device) for device in area_page.TITLES),
    *(area_page.lane_lines(device) for device in area_page.TITLES),
])
def test_tables_are_those_of_the_model(lines):
    assert "\n".join(lines) in PAGE


def test_figures_in_the_text_are_those_of_the_model():
    assert f"times {joined():.3f}" in PAGE
    assert f"{leave_one_out('ecp5'):.1%} on ECP5" in PAGE
    assert f"{leave_one_out('xcup'):.1%} on UltraScale+" in PAGE

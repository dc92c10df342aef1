"""Areas of whole engines: near synthesis, blocks exact, and as wide as what is asked for."""

from dataclasses import replace

import numpy as np
import pytest

from vit2rtl.explore.area.columns import coefficients, column, leave_one_out, measured
from vit2rtl.explore.area.engine import area, digit_note, lanes, paid_bits
from vit2rtl.explore.area.page import comparisons
from vit2rtl.explore.area.parts import PARTS
from vit2rtl.golden.engine.configuration import DEIT_TINY, SMALL

# docs/engine.md; logic and registers within 10 %.
ENGINES = [
    (SMALL, "ecp5", {"COMB": 13_706, "FF": 15_783, "MULT18": 50, "EBR": 53}),
    (DEIT_TINY, "ecp5", {"COMB": 33_217, "FF": 35_672, "MULT18": 44, "EBR": 199}),
    (DEIT_TINY, "xcup", {"LUT": 21_667, "FF": 34_689, "DSP48": 44, "RAMB18": 189}),
]
EXACT = ("MULT18", "DSP48", "EBR", "RAMB18")


@pytest.mark.parametrize(("configuration", "device", "cells"), ENGINES)
def test_engines_of_the_documents(configuration, device, cells):
    found = area(configuration, device)["cells"]
    assert found.keys() == cells.keys()
    for name, count in cells.items():
        assert found[name] == pytest.approx(count, rel=0 if name in EXACT else 0.1), name


def test_engines_that_the_model_was_not_made_from():
    found = comparisons()
    assert {(one.case, one.device) for one in found} >= {
        ("held_twelve", "ecp5"), ("held_six", "ecp5")}
    for one in found:
        assert abs(one.error) <= (0 if one.cells in EXACT else 0.1), one


def test_parts_add_up_and_say_where_they_go_in():
    found = area(DEIT_TINY, "LFE5U-85F")
    for name, count in found["cells"].items():
        assert count == sum(part[name] for part in found["parts"].values())
    assert found["fits"] == {"LFE5U-25F": False, "LFE5U-45F": False, "LFE5U-85F": True}
    assert found == area(DEIT_TINY, "ecp5")
    # All but the block RAM would go into an LFE5U-45F.
    cells = found["cells"]
    assert cells["COMB"] <= PARTS["LFE5U-45F"].capacity["COMB"] and cells["EBR"] > 108


def test_a_digit_array_takes_the_same_whatever_the_widths():
    assert area(SMALL, "ecp5", weights=3, activations=7) == area(SMALL, "ecp5")


@pytest.mark.parametrize("device", ["ecp5", "xcup"])
def test_native_columns_are_those_of_the_table(device):
    name = "COMB" if device == "ecp5" else "LUT"
    found = {w: area(DEIT_TINY, device, "native", w, w) for w in (2, 4, 8)}
    assert {one["source"] for one in found.values()} == {"table"}
    assert {one["error"] for one in found.values()} == {None}
    columns = {w: one["parts"]["columns"][name] for w, one in found.items()}
    assert columns[8] / columns[2] == pytest.approx(
        measured(device)[16, 8, 8][name] / measured(device)[16, 2, 2][name], rel=1e-3)
    # Nothing else changes, and no column multiplies in blocks.
    rest = [{part: cells for part, cells in one["parts"].items() if part != "columns"}
            for one in found.values()]
    assert rest[0] == rest[1] == rest[2]
    packed = replace(DEIT_TINY, packed_columns=8)
    assert area(packed, device, "native") == found[4]


def test_what_is_not_in_the_table_is_fitted_and_says_so():
    wide = column(16, 10, 8, "ecp5")
    assert wide.source == "fit" and wide.error == leave_one_out("ecp5") < 0.08
    assert wide.cells["COMB"] > column(16, 8, 8, "ecp5").cells["COMB"]
    twelve, sixteen = (column(rows, 5, 3, "ecp5") for rows in (12, 16))
    assert twelve.source == "fit" and 0 < twelve.error < 0.05
    assert twelve.cells["COMB"] == pytest.approx(0.75 * sixteen.cells["COMB"], rel=0.05)
    found = area(replace(SMALL, rows=12, columns=12, packed_columns=0, attention_rows=4), "ecp5")
    assert found["source"] == "fit" and 0 < found["error"] < 0.05
    blocks = replace(SMALL, rows=12, columns=12, packed_columns=12, attention_rows=4)
    assert (area(blocks, "ecp5")["source"], area(blocks, "ecp5")["error"]) == ("table", None)


@pytest.mark.parametrize("device", ["ecp5", "xcup"])
def test_the_fit_is_the_least_squares_one(device):
    """A slow search around the coefficients finds nothing better."""
    name = "COMB" if device == "ecp5" else "LUT"
    best = coefficients(device, name)

    def cost(a, b, c, d):
        return sum((1 - (a + b * w * v + c * v + d * w) / measured(device)[16, w, v][name]) ** 2
                   for w in range(2, 9) for v in range(2, 9))

    assert all(cost(*best) < cost(*(best + step)) for step in 0.01 * np.vstack(
        [np.eye(4), -np.eye(4), np.ones((1, 4))]))


def test_five_to_seven_bits_cost_what_eight_cost_on_digits_of_four():
    assert [paid_bits(bits, 4) for bits in range(2, 9)] == [4, 4, 4, 8, 8, 8, 8]
    assert [paid_bits(bits, 5) for bits in range(4, 9)] == [5, 5, 10, 10, 10]
    with pytest.raises(ValueError, match="Bits must be between 1 and 8, not 9"):
        paid_bits(9, 4)


def test_wider_digits_cost_more_a_lane_and_fewer_passes():
    found = {lane.base: lane for lane in lanes("LFE5U-85F")}
    assert [*found] == [4, 5, 6, 8]
    assert found[4].cost[4] == 1 and found[4].cost[5] == found[4].cost[8] == 4
    for base, bits in ((5, 5), (6, 6), (8, 8)):
        assert found[base].passes[bits] == 1
        assert found[base].cost[bits] == pytest.approx(
            measured("ecp5")[16, base, base]["COMB"] / measured("ecp5")[16, 4, 4]["COMB"])
        assert 1 < found[base].cost[bits] < 4
    assert found[6].as_dict()["cells"] == found[6].cells


@pytest.mark.parametrize(("arguments", "message"), [
    ((SMALL, "ice40"), "Device must be one of LFE5U-25F, LFE5U-45F, .* xcup, not 'ice40'"),
    ((SMALL, "ecp5", "analog"), "MAC must be one of digit, native, not 'analog'"),
    ((SMALL, "ecp5", "native", 0, 4), "Weights must be an integer above 0, not 0"),
])
def test_nonsense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        area(*arguments)


def test_the_note_on_digits_has_the_figures_of_the_lanes():
    note = digit_note("ecp5")
    assert note.startswith("On an array of digits of 4 bits, 5, 6, 7 bits cost what 8 cost")
    found = {lane.base: lane for lane in lanes("ecp5")}
    for base in (5, 6, 8):
        assert (f"of {base} bits, {found[base].cells / found[4].cells:.2f} × the logic a lane and "
                f"{found[base].cost[base] / 4:.2f} × the area × time at W{base}/A{base}") in note

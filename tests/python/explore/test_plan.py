"""Points: what native columns have to take, what does not fit, and what keys of trials tell apart.
"""

from dataclasses import replace

import pytest

from vit2rtl.explore import plan
from vit2rtl.explore.area.engine import area
from vit2rtl.explore.choices import Hardware, Recipe
from vit2rtl.explore.energy import energy, products
from vit2rtl.explore.plan import Planner
from vit2rtl.explore.schedule import Synthetic
from vit2rtl.explore.sources import SETS, Source

RECIPE = Recipe("repq", 3, 6)
NATIVE = Hardware(8, 2, "LFE5U-85F", "native")
SOURCE = Source("mnist_vit", None, None, *(["a"], ["b"], ["c"], ["d"]))
FILES = dict.fromkeys(SETS, "names.txt")


@pytest.fixture(scope="session")
def planner(network):
    return Planner(network)


def test_native_columns_are_as_wide_as_codes_and_weights_but_the_image_s(planner):
    """The image's 8 bits come in digits."""
    point = planner.point(RECIPE, NATIVE)
    assert plan.widest(planner.shapes, point.widths) == (3, 6)
    assert point.configuration.base == 6
    assert point.area == area(point.configuration, "LFE5U-85F", "native", 3, 6)
    of_program = products(Synthetic(planner.shapes, point.widths).program())
    assert point.energy == energy(of_program, point.configuration, 2, "native")


def test_what_does_not_fit_is_rejected_with_its_counts(planner):
    point = planner.point(Recipe("repq", 8, 8), replace(NATIVE, columns=32))
    assert point.rejected.startswith(
        "array 32x32 with its memories does not fit LFE5U-85F: ")
    assert f"{point.area['cells']['COMB']:,} COMB of 83,640" in point.rejected
    assert "MULT18" not in point.rejected
    assert planner.point(RECIPE, NATIVE).rejected == ""


def test_five_bits_on_digits_are_a_trial_of_eight(planner):
    digits = replace(NATIVE, mac="digit")
    keys = [planner.cycles_task(planner.point(Recipe("repq", bits, bits), one)).key
            for one in (digits, replace(digits, device="LFE5U-45F"), replace(digits, groups=1))
            for bits in (4, 5, 8)]
    assert keys[0] != keys[1] == keys[2] and keys[3:6] == keys[:3]
    assert not {*keys[:3]} & {*keys[6:]}


def test_keys_are_of_the_images_that_calibrate_and_of_those_that_measure():
    def keys(source):
        return [plan.accuracy_task(source, RECIPE, FILES).key,
                *(plan.ratios_task(source, RECIPE, FILES, images).key
                  for images in ("search", "judge"))]

    assert len({*keys(SOURCE)}) == 3
    assert {(key, tuple(a != b for a, b in zip(keys(SOURCE), keys(replace(SOURCE, **{key: ["e"]})),
                                               strict=True))) for key in SETS} == {
        ("calibration", (True, True, True)), ("evaluation", (True, False, False)),
        ("search", (False, True, False)), ("judge", (False, False, True))}

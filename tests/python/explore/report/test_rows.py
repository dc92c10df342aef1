import math

import pytest

from vit2rtl.explore.report import rows
from vit2rtl.explore.report.marks import marks


@pytest.mark.parametrize("value", [None, True, "3", math.nan, math.inf, [1]])
def test_what_is_no_finite_number_is_none(value):
    assert rows.number({"cycles": value}, "cycles") is None
    assert rows.number({}, "cycles") is None
    with pytest.raises(ValueError, match=r"^Row 'a' must have a number as cycles$"):
        rows.value({"name": "a", "cycles": value}, "cycles")


def test_the_front_is_what_no_other_row_beats():
    points = [(1, 5), (2, 5), (3, 9), (2, 7), (3, 8), (4, 9), (1, 4)]
    table = [{"x": x, "y": y} for x, y in points] + [{"x": 0, "y": None}]
    kept = [(row["x"], row["y"]) for row in rows.front(table, "x", "y")]
    assert kept == [(1, 5), (2, 7), (3, 9)]
    beaten = {(x, y) for x, y in points
              if any(a <= x and b >= y and (a, b) != (x, y) for a, b in points)}
    assert set(kept) == set(points) - beaten
    costs = [(row["x"], row["y"]) for row in rows.front(table, "x", "y", y_is_cost=True)]
    assert costs == [(1, 4)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, ""),
        ({"device": "xcup"}, "xcup"),
        ({"array": "8x8", "mac": "digit", "groups": 1, "device": "xcup"},
         "8x8 digit array, 1 group, xcup"),
        ({"array": "8x8", "packed": 4, "groups": 2}, "8x8 array, 4 columns packed, 2 groups"),
    ],
)
def test_hardware_in_words(row, words):
    assert rows.hardware(row) == words


@pytest.mark.parametrize(
    ("row", "answer"),
    [({}, None), ({"fits": True}, True), ({"fits": False}, False), ({"fits": None}, None),
     ({"fits": {"xcup": True, "LFE5U-25F": False}, "device": "LFE5U-25F"}, False),
     ({"fits": {"xcup": True}, "device": "xcup"}, True), ({"fits": {"xcup": True}}, None)],
)
def test_whether_a_device_holds_it(row, answer):
    assert rows.fits(row) is answer


def test_the_main_device_is_that_of_most_rows():
    table = [{"device": device} for device in ("a", "b", None, "b", "c")]
    assert rows.main_device(table) == "b"
    assert rows.on_main_device(table) == [{"device": "b"}] * 2
    assert rows.main_device([{}]) == "" and rows.on_main_device([{}]) == [{}]
    assert rows.main_device([{"device": "b"}, {"device": "a"}]) == "b"


def test_logic_is_named_as_the_device_names_it():
    comb, lut = {"logic": 1, "cells": {"COMB": 1}}, {"logic": 1, "cells": {"LUT": 1}}
    assert rows.logic_unit([comb]) == "COMB"
    assert rows.logic_unit([lut]) == "LUT"
    assert rows.logic_unit([lut, comb]) == "COMB or LUT"
    assert rows.logic_unit([{}]) == "cells"


def test_of_too_many_rows_those_on_the_front_are_kept():
    table = [{"n": n, "front": n in (7, 9)} for n in range(10)]
    assert [row["n"] for row in rows.most_wanted(table, 4)] == [0, 1, 7, 9]
    assert rows.most_wanted(table, 10) == table


@pytest.mark.parametrize(
    ("numbers", "ticks"),
    [
        ([], []), ([0, -1], []), ([10752], [10752]), ([10752, 10760], [10752, 10760]),
        ([1000, 9000, 0], [1000, 2000, 5000]),
        ([7, 20_000], [10, 100, 1000, 10_000]),
        ([145_000, 530_000], [150_000, 200_000, 300_000, 400_000, 500_000]),
        ([10_300, 12_500], [10_300, 12_500]),  # only two round ones
        ([1.15, 1.45], [1.2, 1.3, 1.4]),
    ],
)
def test_ticks_of_a_logarithmic_axis(numbers, ticks):
    assert rows.log_ticks(numbers) == pytest.approx(ticks)


@pytest.mark.parametrize(("number", "words"), [
    (7, "7"), (150, "150"), (10_752, "10.8k"), (2_000_000, "2M"), (3.5e9, "3.5G")])
def test_large_numbers_in_three_digits(number, words):
    assert rows.short(number) == words


def test_names_in_the_order_of_their_numbers():
    names = ["head", "blocks.10.fc1", "blocks.2.fc1", "blocks.2.attn", "2", "x"]
    assert sorted(names, key=rows.natural) == [
        "2", "blocks.2.attn", "blocks.2.fc1", "blocks.10.fc1", "head", "x"]


@pytest.mark.parametrize(
    ("name", "recipe"),
    [("w4a8 repq softmax=uniform", "repq softmax=uniform"), ("w4a8 fq", "fq"),
     ("mine", "repq"), ("w4a80 fq", "repq")],
)
def test_a_recipe_is_a_name_without_widths(name, recipe):
    row = {"name": name, "method": "repq", "weights": 4, "activations": 8}
    assert rows.recipe(row) == recipe


def test_methods_differ_in_colour_and_shape():
    drawn = marks([f"method {n % 56}" for n in range(100)])
    assert len(drawn) == len(set(drawn.values())) == 56
    few = list(marks("abcdefg").values())
    assert len({mark.colour for mark in few}) == len({mark.shape for mark in few}) == 7

"""Rows of the table: the front against all pairs, limits, the files, and the cheapest row."""

import csv
import io
import itertools
import json
import random

import pytest

from vit2rtl.explore import results
from vit2rtl.explore.best import Wish, best
from vit2rtl.explore.space import Limits


def row(**figures):
    """A row that is done, of 40 images, with some figures."""
    return dict.fromkeys(results.COLUMNS) | {
        "name": "w4a4 repq", "status": "done", "cells": {"COMB": 1}, "device": "LFE5U-25F",
        "sqnr_db": 20.0, "top1": 97.0, "float_top1": 98.0, "cycles": 100, "logic": 50,
        "weight_bytes": 10, "bops": 0.25, "mac": "digit"} | figures


def fronted(rows, limits=None):
    results.mark_front(rows, limits or Limits())
    return [one["front"] for one in rows]


def test_front_is_what_nothing_beats():
    generator = random.Random(1)
    rows = [row(sqnr_db=float(generator.randrange(5)), cycles=generator.randrange(5),
                logic=generator.randrange(5), weight_bytes=generator.randrange(3),
                device=generator.choice("AB"), status=generator.choice(["done", "done", "failed"]))
            for _ in range(60)]

    def beaten(one):
        for other in rows:
            if other["status"] != "done" or other["device"] != one["device"]:
                continue
            pairs = [(-other["sqnr_db"], -one["sqnr_db"])] + [
                (other[key], one[key]) for key in ("cycles", "logic", "weight_bytes")]
            if all(a <= b for a, b in pairs) and any(a < b for a, b in pairs):
                return True
        return False

    due = [one["status"] == "done" and not beaten(one) for one in rows]
    assert fronted(rows) == due
    assert 3 < sum(due) < 40


@pytest.mark.parametrize(("limits", "inside"), [
    (Limits(), True), (Limits(top1_drop=1.0), True), (Limits(top1_drop=0.9), False),
    (Limits(comb=50), True), (Limits(comb=49), False), (Limits(lut=1), True),
    (Limits(cycles=99), False), (Limits(memories=5), False),
])
def test_limits(limits, inside):
    assert fronted([row()], limits) == [inside]


@pytest.mark.parametrize(("limits", "inside"), [
    (Limits(lut=50), True), (Limits(lut=49), False), (Limits(comb=1), True)])
def test_limits_of_parts_with_other_cells(limits, inside):
    assert fronted([row(cells={"LUT": 50})], limits) == [inside]


def test_table_and_document():
    rows = [row(name='w4a4 "repq"', front=True, energy=None), row(status="failed", error="a, b")]
    read = [*csv.DictReader(io.StringIO(results.table(rows).decode()))]
    assert [line["name"] for line in read] == ['w4a4 "repq"', "w4a4 repq"]
    assert (read[0]["front"], read[0]["energy"], read[1]["error"]) == ("true", "", "a, b")
    assert [*read[0]] == [*results.COLUMNS]
    assert json.loads(results.document({"rows": rows}))["rows"] == rows


def test_read_names_what_is_no_exploration(tmp_path):
    with pytest.raises(ValueError, match=r"is not a folder of an exploration: it has no "
                                         r"results\.json$"):
        results.read(tmp_path)
    whole = {"rows": [row()], "provenance": {}, "recipes": {}}
    (tmp_path / "results.json").write_bytes(results.document(whole))
    assert results.read(tmp_path)["rows"] == [row()]


@pytest.mark.parametrize("damage", [
    {"rows": None}, {"rows": 5}, {"rows": [{"name": "a"}]}, {"rows": ["a"]}, {"provenance": 3},
    {"recipes": []}])
def test_damaged_results_are_named(tmp_path, damage):
    whole = {"rows": [row()], "provenance": {}, "recipes": {}} | damage
    (tmp_path / "results.json").write_bytes(results.document(whole))
    with pytest.raises(ValueError, match=r"results\.json is damaged: vit2rtl explore writes it "
                                         r"again from its trials$"):
        results.read(tmp_path)


def test_best_is_the_cheapest_that_is_good_enough():
    rows = [row(name=f"{n}", cycles=cycles, logic=logic, top1=top1, device=device)
            for n, (cycles, logic, top1, device) in enumerate(itertools.product(
                (100, 200), (40, 50), (95.0, 97.5), ("LFE5U-25F", "LFE5U-85F")))]
    found = best(rows, Wish(1.0, device="LFE5U-85F"))
    assert (found["cycles"], found["logic"], found["top1"], found["device"]) == (
        100, 40, 97.5, "LFE5U-85F")
    assert best(rows, Wish(5.0, by="logic"))["logic"] == 40
    assert best([*rows, row(status="failed", cycles=1)], Wish(1.0))["cycles"] == 100


def test_of_equal_costs_the_most_accurate_is_best():
    rows = [row(sqnr_db=sqnr) for sqnr in (20.0, 22.0, 21.0)]
    assert best(rows, Wish(1.0))["sqnr_db"] == 22.0


def test_best_may_be_better_than_float():
    rows = [row(top1=99.5, cycles=50), row(top1=98.0)]
    assert best(rows, Wish(0.5))["cycles"] == 50


def test_best_without_hardware_has_the_fewest_bit_operations():
    rows = [row(bops=bops, cycles=None, logic=None, mac=None, device=None, weight_bytes=size)
            for bops, size in ((0.5, 1), (0.25, 9))]
    assert best(rows, Wish(1.0))["bops"] == 0.25
    assert best(rows, Wish(1.0, by="weight_bytes"))["bops"] == 0.5


def test_best_is_an_engine_that_is_generated():
    rows = [row(cycles=50, mac="native"), row(cycles=100), row(cycles=200, mac=None)]
    assert [best(rows, Wish(1.0, mac=mac))["cycles"] for mac in ("digit", "native")] == [100, 50]
    assert best(rows, Wish(1.0))["cycles"] == 100
    assert best(rows[2:], Wish(1.0))["cycles"] == 200


@pytest.mark.parametrize(("wish", "problem"), [
    (Wish(0.5), "No row loses at most 0.5 points of top-1; the least is 1.0, of w4a4 repq"),
    (Wish(1.0, device="LFE5U-85F"), "No row of 2 has device LFE5U-85F, mac digit"),
    (Wish(1.0, array="4x4", mac="native"), "No row of 2 has array 4x4, mac native"),
])
def test_best_says_what_is_missing(wish, problem):
    rows = [row(), row(status="failed", error="x", top1=None)]
    with pytest.raises(ValueError) as refused:
        best(rows, wish)
    assert str(refused.value) == problem


def test_best_names_the_row_that_loses_least():
    rows = [row(name="a", top1=95.0), row(name="b", top1=96.5), row(name="c", top1=94.0)]
    with pytest.raises(ValueError, match=r"the least is 1\.5, of b$"):
        best(rows, Wish(1.0))


def test_best_of_none():
    with pytest.raises(ValueError, match=r"^None of 1 row is done; the first: too wide$"):
        best([row(status="rejected", error="too wide")], Wish(1.0))

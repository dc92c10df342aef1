import pytest

from tests.python.explore.report import synthetic
from vit2rtl.explore.report import findings
from vit2rtl.explore.report.findings import lead

SLOW = {"name": "slow", "top1": 97.0, "top1_low": 95.0, "top1_high": 98.0, "sqnr_db": 20.0,
        "cycles": 400_000, "logic": 1000, "array": "8x8", "mac": "digit", "groups": 1,
        "device": "LFE5U-25F", "cells": {"COMB": 1000}, "memories": 12}
FAST = {**SLOW, "name": "fast", "cycles": 100_000, "logic": 4000, "array": "16x16", "groups": 2}
POOR = {**SLOW, "name": "poor", "top1": 80.0, "sqnr_db": 5.0, "cycles": 1, "logic": 1}


def told(*rows):
    return [str(sentence) for sentence in lead({"rows": list(rows)})]


def test_the_cheapest_within_a_point_of_the_best_leads_with_what_it_costs():
    best = {**SLOW, "name": "best", "top1": 98.0, "cycles": 900_000, "logic": 9000}
    assert told(best, SLOW, FAST, POOR) == [
        "Within one point of the best (98.0 %), fast needs the fewest cycles: 100,000 cycles an "
        "image, 16x16 digit array, 2 groups, LFE5U-25F, 4,000 COMB, 12 memories, "
        "top-1 97.0 % (95.0 to 98.0), SQNR 20.0 dB.",
        "slow needs the fewest logic cells: 400,000 cycles an image, 8x8 digit array, 1 group, "
        "LFE5U-25F, 1,000 COMB, 12 memories, top-1 97.0 % (95.0 to 98.0), SQNR 20.0 dB."]


def test_the_float_model_is_the_measure_where_it_was_evaluated():
    rows = [{**row, "float_top1": 97.9} for row in (SLOW, POOR)]
    (sentence,) = lead({"rows": rows})
    assert sentence.before == "Within one point of the float model (97.9 %), "
    assert sentence.setting == "slow"
    (far,) = told(*({**row, "float_top1": 99.0} for row in rows))
    assert far.startswith("No setting is within one point of the float model (99.0 %), "
                          "slow is the most accurate: 400,000 cycles")


def test_what_does_not_fit_its_device_does_not_lead():
    assert told({**FAST, "fits": False}, SLOW)[0].startswith(
        "Within one point of the best (97.0 %), slow needs")


def test_of_equal_costs_the_other_costs_decide_and_then_accuracy():
    rows = [{"name": name, "cycles": 5, "logic": logic, "sqnr_db": sqnr}
            for name, logic, sqnr in (("a", 2, 9), ("b", 1, 7), ("c", 1, 8))]
    assert findings.cheapest(rows, "cycles")["name"] == "c"
    assert findings.cheapest(rows, "energy") is None


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "No setting has results yet."),
        ([{"name": "a", "status": "failed"}], "No setting has results yet."),
        ([{"name": "a"}], "1 setting, and none has an accuracy."),
        ([{"name": "a", "sqnr_db": 3.0}, {"name": "b", "sqnr_db": 4.0}],
         "Top-1 was not measured; b comes closest to the float model: SQNR 4.0 dB."),
        ([{"name": "a", "top1": 90.0}],
         "Within one point of the best (90.0 %), a is one of those: top-1 90.0 %."),
        ([{"name": "a", "top1": 90.0, "bops": 0.3}, {"name": "b", "top1": 89.5, "bops": 0.2}],
         "Within one point of the best (90.0 %), b needs the fewest bit operations: top-1 89.5 %."),
    ],
)
def test_little_is_known(rows, sentence):
    assert told(*rows) == [sentence]


def test_titles_of_the_plots_say_what_is_seen():
    rows = [SLOW, FAST, {**POOR, "cycles": 50_000, "logic": 500}]
    better = {**SLOW, "name": "better", "sqnr_db": 30.0, "top1": 98.0, "cycles": 200_000}
    assert findings.accuracy_title([*rows, better], "cycles", "cycles") == (
        "From 5.0 to 30.0 dB takes 4.0 times the cycles")
    assert findings.top1_title([*rows, better]) == (
        "2.0 times fewer cycles lose 1.0 points of top-1")
    assert findings.hardware_title([SLOW, FAST | {"cycles": 399_000}]) == (
        "4.0 times the cells save hardly any cycles")
    assert findings.hardware_title(rows[:2]) == "4.0 times fewer cycles take 4.0 times the cells"
    assert findings.accuracy_title(rows[:1], "logic", "logic cells") == (
        "slow has both the highest SQNR, 20.0 dB, and the fewest logic cells")
    assert findings.top1_title([SLOW, POOR | {"cycles": 400_001}]) == (
        "slow has both the highest top-1, 97.0 %, and the fewest cycles")
    assert findings.top1_title([SLOW, POOR]) == (
        "Less than 400,000 cycles lose more than a point of top-1")


def test_titles_of_heat_maps_and_bars_name_the_ends():
    cells = [{"weights": w, "activations": a, "top1": top1, "sqnr_db": 0.0}
             for w, a, top1 in ((8, 8, 97.5), (4, 8, 96.4), (6, 6, 96.6), (3, 3, 40.0))]
    assert findings.widths_title("repq", cells) == (
        "repq: W6/A6 has 96.6 %, within a point of its best 97.5")
    bits = {"a": {"first": [8, 8], "last": [4, 4]}, "b": {"first": [3, 4], "last": [4, 4]}}
    assert findings.bits_title(bits, ["a", "b"]) == "first keeps the most bits, last the fewest"
    assert findings.bits_title(bits, ["b"]) == "last keeps the most bits, first the fewest"
    assert findings.bits_title({"a": {"first": [4, None], "last": [4]}}, ["a"]) == (
        "Every layer has the same bits in the mean")
    groups = [{"group": name, "weights": 3, "activations": 4, "sqnr_db": sqnr}
              for name, sqnr in (("qkv", 12.0), ("fc2", 9.44))]
    assert findings.sensitivity_title("repq", "W8/A8", groups) == (
        "repq: fc2 at 3/4 bits hurts most: 9.4 dB with all others at W8/A8")
    rows = [{"predicted_db": 11.0, "sqnr_db": 10.0}, {"predicted_db": 11.5, "sqnr_db": 12.0}]
    assert findings.predicted_title(rows) == (
        "Predictions are 0.2 dB above what was measured in the mean, +1.0 dB at most")
    least = {"name": "w4a4", "energy": 0.4, "energy_parts": {"MACs": 0.1, "memory": 0.3}}
    assert findings.energy_title([least]) == (
        "w4a4 takes 0.40 of W8A8's energy, 75% of it memory")


def test_the_lead_of_a_whole_exploration_is_the_cheapest_by_search():
    results = synthetic.results()
    able = [row for row in results["rows"]
            if row["status"] == "done" and row["fits"] and row["top1"] >= 97.0
            and row["mac"] == "digit"]
    assert any(row["mac"] == "native" for row in results["rows"])
    fewest = min(row["cycles"] for row in able)
    assert f"needs the fewest cycles: {fewest:,} cycles" in str(lead(results)[0])

"""Proofs of units on trial: bounded, against a naive model, and refuted where a bug is put in."""

import pytest

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.formal import claims, plan, runs


@pytest.mark.parametrize("unit", ["row_maximum", "table_lookup"])
def test_contract_and_function_hold_from_reset(unit, tmp_path):
    for number, (part, instance) in enumerate(runs.planned([unit])):
        outcome = runs.run(part, instance, tmp_path / str(number))
        assert (outcome.status, outcome.failures) == ("bounded", {})
    (claim,) = claims.claims(unit)
    assert claim.status == "bounded"
    assert claim.method == f"{plan.BOUNDED}, {part.cycles} cycles"


@pytest.mark.parametrize(("unit", "old", "new", "check"), [
    ("row_maximum", "first <= i__payload", "first <= 1'h0 & i__payload", "o_value"),
    ("row_maximum", "assign i__ready = ", "assign i__ready = 1'h1 | ", "o_kept"),
    ("row_maximum", "o__payload = { 1'h1", "o__payload = { 1'h0", "o_value"),
    ("table_lookup", "address <= 2'h0", "address <= 2'h1", "o_value"),
])
def test_bugs_are_refuted(unit, old, new, check, tmp_path):
    part, instance = runs.planned([unit])[0]
    sources = {name: text.replace(old, new) for name, text in convert(instance).items()}
    assert sources != convert(instance), convert(instance)
    outcome = runs.run(part, instance, tmp_path, sources=sources)
    assert outcome.status == "failed"
    assert check in outcome.failures
    assert outcome.waves.exists() and len(outcome.trace) <= part.cycles


def test_any_instance_can_be_asked_for():
    work = runs.of_instance(Instance.of("row_maximum", lanes=3))
    assert [(part.property, part.cycles) for part, _ in work] == [("function", 10)]

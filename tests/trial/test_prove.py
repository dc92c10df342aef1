"""Proofs of units on trial: bounded, against a naive model, and refuted where a bug is put in."""

from dataclasses import replace

import pytest

from tests.trial.sim import row_maximum
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.formal import claims, plan, rows, runs
from vit2rtl.sim.units.face import EXHAUSTIVE


@pytest.mark.parametrize("unit", ["row_maximum", "table_lookup"])
def test_everything_planned_is_established(unit, tmp_path):
    for number, (part, instance) in enumerate(runs.planned([unit])):
        outcome = runs.run(part, instance, tmp_path / str(number))
        want = "bounded" if part.cycles else "passed"
        assert (outcome.status, outcome.failures) == (want, {})
    bounded, specification, exhaustive = claims.claims(unit)
    assert bounded.status == "bounded"
    assert bounded.method == f"{plan.BOUNDED}, {plan.parts(unit)[0].cycles} cycles"
    assert (specification.status, exhaustive.status) == ("simulated", "simulated")
    assert exhaustive.method == plan.ROWS


def test_every_row_there_is_meets_the_unit(tmp_path):
    """4 rows of one element, 64 of three; what they are is not left to the directed cases."""
    work = [w for w in runs.planned(["row_maximum"]) if w[0].property == EXHAUSTIVE]
    (part, instance), = work
    assert runs.run(part, instance, tmp_path / "right").elements == 4 + 64 * 1
    sources = convert(instance)
    name = f"{instance.name}.v"
    old, new = "first <= i__payload", "first <= 1'h0 & i__payload"
    changed = {**sources, name: sources[name].replace(old, new)}
    assert changed != sources
    outcome = runs.run(part, instance, tmp_path / "wrong", sources=changed)
    assert outcome.status == "failed"
    assert "wrong value" in outcome.failures["first difference"]


def test_a_wrong_model_is_not_golden(tmp_path, monkeypatch):
    right = row_maximum.FACE

    def model(instance):
        text = right.model(instance)
        assert "value > best" in text
        return text.replace("value > best", "value < best")

    monkeypatch.setattr(row_maximum, "FACE", replace(right, model=model))
    instance = Instance.of("row_maximum", lanes=2, width=4)
    _, difference = rows.check_model(instance, tmp_path)
    assert "wrong value" in difference


@pytest.mark.parametrize(("unit", "old", "new", "check"), [
    ("row_maximum", "first <= i__payload", "first <= 1'h0 & i__payload", "o_value"),
    ("row_maximum", "assign i__ready = ", "assign i__ready = 1'h1 | ", "o_kept"),
    ("row_maximum", "o__payload = { 1'h1", "o__payload = { 1'h0", "o_value"),
    ("table_lookup", "address <= 2'h0", "address <= 2'h1", "o_value"),
    ("table_lookup", "read__en = i__ready & n1", "read__en = i__ready | n1",
     "dut.unit.memory.collides"),
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
    assert [(part.property, part.cycles) for part, _ in work] == [
        ("function", 10), ("specification", 0),
    ]

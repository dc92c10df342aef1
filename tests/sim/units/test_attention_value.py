"""Attention × V in simulation and proofs: benches, coverage, mutants, and bugs that are seen."""

import pytest

from tests.sim.units import directed
from vit2rtl.golden import Instance
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.formal import cores, rows, runs
from vit2rtl.sim.units import FACES
from vit2rtl.sim.units.face import EXHAUSTIVE

INSTANCE = Instance.of("attention_value", lanes=2, rows=2)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return directed.write_bundle(INSTANCE, tmp_path_factory.mktemp("units") / "bundle")


def test_every_bench_passes_and_every_bin_is_reached(bundle, tmp_path):
    directed.check_benches(INSTANCE, bundle, tmp_path / "out")


@pytest.mark.parametrize(("old", "new"), [
    ("kept_odd <= sum_odd", "kept_odd <= sum_even"),
    ("clear__1 = turn[1] & moves", "clear__1 = turn[1] & 1'h0"),
    ("n3 = last[1] ?", "n3 = 1'h0 ?"),
    ("none_1 = i__payload", "none_1 = 1'h0 & i__payload"),
], ids=["parity", "clear", "last", "none"])
def test_bugs_are_seen(old, new, tmp_path):
    """Every tile of one token of two queries and two channels."""
    (part,) = [part for part in FACES["attention_value"].plan if part.property == EXHAUSTIVE]
    instance = Instance.of("attention_value", **part.instances[-1])
    wrong = directed.changed(convert(instance), old, new)
    _, difference = rows.check_every_row(
        instance, (2,), part.configurations[1:2], tmp_path, sources=wrong)
    assert "wrong value" in difference


def test_the_model_is_golden(tmp_path):
    assert rows.check_model(INSTANCE, tmp_path)[1] == ""


def test_a_wrong_shift_and_a_missing_rounding_are_refuted(tmp_path):
    """The cores' claims fail where the array, or the requantizer, has a bug."""
    for name, old, new in (("sums", "none_0 = ", "none_0 = 1'h1 | "),
                           ("code", "zero_point, 1'h1 }", "zero_point, 1'h0 }")):
        (part, instance), = [(part, instance) for part, instance in
                             runs.planned(["attention_value"]) if part.property == name][:1]
        core = FACES["attention_value"].cores[name]
        wrong = directed.changed(cores.sources(core, instance), old, new)
        assert runs.run(part, instance, tmp_path / name, sources=wrong).status == "failed"

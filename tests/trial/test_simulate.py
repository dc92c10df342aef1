"""Simulation of units on trial: benches and coverage by streams, in both simulators, and bugs."""

import pytest

from tests.every import sampled
from vit2rtl.golden import BundleWriter, Instance, directed_records
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.functional import merged
from vit2rtl.sim.run.regression import run_regression

INSTANCES = {
    "row_maximum": {"lanes": 2, "width": 4},
    "table_lookup": {"lanes": 2, "bits": 2, "width": 4},
}


@pytest.fixture
def bundle(tmp_path):
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        for name, parameters in INSTANCES.items():
            instance = Instance.of(name, **parameters)
            for record in directed_records(instance):
                writer.add(instance, **record)
    return tmp_path / "bundle"


@pytest.mark.parametrize("simulator", sampled(["icarus", "verilator"], "icarus".__eq__))
def test_every_bench_passes_and_every_bin_is_reached(simulator, bundle, tmp_path):
    results = run_regression(bundle, simulators=[simulator], out=tmp_path / "out", coverage=True)
    assert [(r.bench, r.passed, r.details) for r in results] == [
        (bench, True, ())
        for _ in INSTANCES
        for bench in ("stalls", "reset", "throughput", "replay")
    ]
    for coverage, (name, parameters) in zip(merged(results), INSTANCES.items(), strict=True):
        assert list(coverage.hits) == declared(Instance.of(name, **parameters), 0)
        assert not coverage.missing


@pytest.mark.parametrize(("unit", "old", "new", "problem"), sampled([
    # What the row before has left is part of the next row's maximum.
    ("row_maximum", "first <= i__payload[8]", "first <= 1'h0", "wrong value"),
    ("row_maximum", "o__payload = { 1'h1", "o__payload = { 1'h0", "m_axis_tlast is 0, not 1"),
    ("row_maximum", "o__valid <= n5", "o__valid <= i__valid", "never went in"),
    ("row_maximum", "assign i__ready = ", "assign i__ready = 1'h1 | ", "changed or went away"),
    ("table_lookup", "address <= 2'h0", "address <= 2'h1", "wrong value"),
], lambda bug: bug[3] in ("never went in", "m_axis_tlast is 0, not 1")))
def test_bugs_are_seen(unit, old, new, problem, bundle, tmp_path):
    sources = convert(Instance.of(unit, **INSTANCES[unit]))
    changed = {name: text.replace(old, new) for name, text in sources.items()}
    assert changed != sources, sources
    (tmp_path / "mine").mkdir()
    for name, text in changed.items():
        (tmp_path / "mine" / name).write_text(text)
    results = run_regression(bundle, simulators=["icarus"], units=[unit],
                             verilog_folder=tmp_path / "mine", out=tmp_path / "out")
    problems = [detail.problem for result in results for detail in result.details]
    assert any(problem in text for text in problems), problems
    assert "stalls" in {result.bench for result in results if not result.passed}

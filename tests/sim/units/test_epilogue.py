"""The epilogue in simulation: benches, coverage, channel tables of its package, seeded bugs."""

import pytest

from vit2rtl.golden import BundleWriter, Instance, directed_records
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.functional import merged
from vit2rtl.sim.run.regression import run_regression
from vit2rtl.sim.units import FACES

INSTANCE = Instance.of("epilogue", lanes=2, **FACES["epilogue"].mutated)


@pytest.fixture
def bundle(tmp_path):
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        for record in directed_records(INSTANCE):
            writer.add(INSTANCE, **record)
    return tmp_path / "bundle"


def test_every_bench_passes_and_every_bin_is_reached(bundle, tmp_path):
    results = run_regression(bundle, simulators=["icarus"], out=tmp_path / "out", coverage=True)
    assert [(r.bench, r.passed) for r in results] == [
        (bench, True) for bench in ("stalls", "reset", "throughput", "replay")
    ]
    (coverage,) = merged(results)
    assert list(coverage.hits) == declared(INSTANCE, 0)
    assert not coverage.missing


@pytest.mark.parametrize(("old", "new"), [
    ("= ~ counted", "= counted | 1'h1"),  # a beat that waits at the output is counted again
    ("$signed(i[7:0]) + $signed(i[15:8])", "$signed(i[7:0]) - $signed(i[15:8])"),
])
def test_bugs_are_seen(old, new, bundle, tmp_path):
    sources = convert(INSTANCE)
    wrong = {name: text.replace(old, new) for name, text in sources.items()}
    assert wrong != sources, sources[f"{INSTANCE.name}.v"]
    (tmp_path / "mine").mkdir()
    for name, text in wrong.items():
        (tmp_path / "mine" / name).write_text(text)
    results = run_regression(bundle, simulators=["icarus"], verilog_folder=tmp_path / "mine",
                             out=tmp_path / "out")
    assert not all(result.passed for result in results)

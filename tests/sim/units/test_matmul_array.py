"""The benches of the matmul array pass, and reach every bin of it."""

from vit2rtl.golden import BundleWriter, Instance, directed_records
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.functional import merged
from vit2rtl.sim.run.regression import run_regression

INSTANCE = Instance.of("matmul_array", lanes=2, rows=2, depth=4, weights="codes")


def test_every_bench_passes_and_every_bin_is_reached(tmp_path):
    bundle = tmp_path / "bundle"
    with BundleWriter(bundle, {}) as writer:
        for record in directed_records(INSTANCE):
            writer.add(INSTANCE, **record)
    results = run_regression(bundle, simulators=["icarus"], out=tmp_path / "out", coverage=True)
    assert [(r.bench, r.passed, r.details) for r in results] == [
        (bench, True, ()) for bench in ("stalls", "reset", "throughput", "replay")
    ]
    (coverage,) = merged(results)
    assert list(coverage.hits) == declared(INSTANCE, 0)
    assert not coverage.missing

"""The benches of the matmul array pass, and reach every bin of it."""

from tests.sim.units import directed
from vit2rtl.golden import Instance

INSTANCE = Instance.of("matmul_array", lanes=2, rows=2, depth=4, weights="codes")


def test_every_bench_passes_and_every_bin_is_reached(tmp_path):
    bundle = directed.write_bundle(INSTANCE, tmp_path / "bundle")
    directed.check_benches(INSTANCE, bundle, tmp_path / "out")

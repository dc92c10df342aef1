"""The benches of the matmul array pass, and reach every bin; bugs of its columns are refuted."""

import pytest

from tests.every import sampled
from tests.sim.units import directed
from vit2rtl.golden import Instance
from vit2rtl.sim.formal import cores, properties
from vit2rtl.sim.units.matmul_array import FACE

INSTANCE = Instance.of("matmul_array", lanes=2, rows=2, depth=4, weights="codes")


def test_every_bench_passes_and_every_bin_is_reached(tmp_path):
    bundle = directed.write_bundle(INSTANCE, tmp_path / "bundle")
    directed.check_benches(INSTANCE, bundle, tmp_path / "out")


COLUMNS = next(part for part in FACE.plan if part.core)


@pytest.mark.parametrize("parameters", sampled(COLUMNS.instances, COLUMNS.instances[0].__eq__))
def test_columns_give_sums_of_products(parameters, tmp_path):
    instance = Instance.of("matmul_array", **parameters)
    assert properties.prove_core(instance, COLUMNS.property, tmp_path).status == "proved"


@pytest.mark.parametrize(("lane", "old", "new"), sampled([
    ("packed", "$signed({ 1'h0, product_0[0] })", "$signed(2'h0)"),  # nothing is given back
    ("packed", "{3{active_1[4]}}", "3'h0"),  # of the lower operand's sign
    ("lut", "active_0[11:5]", "{ active_0[10:5], 1'h0 }"),  # 3w is even
], lambda bug: bug[1].startswith("{3")))
def test_bugs_of_columns_are_refuted(lane, old, new, tmp_path):
    instance = Instance.of("matmul_array", lanes=2, rows=2, acc_width=10, depth=2, lane=lane)
    sources = cores.sources(cores.core_of(instance, COLUMNS.property), instance)
    changed = {name: text.replace(old, new) for name, text in sources.items()}
    assert changed != sources
    outcome = properties.prove_core(instance, COLUMNS.property, tmp_path, sources=changed)
    assert outcome.status == properties.FAILED

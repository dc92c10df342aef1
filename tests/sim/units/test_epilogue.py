"""The epilogue in simulation: benches, coverage, channel tables of its package, seeded bugs."""

import pytest

from tests.every import sampled
from tests.sim.units import directed
from vit2rtl.golden import Instance
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.formal import properties
from vit2rtl.sim.units import FACES
from vit2rtl.sim.units.face import STREAM

INSTANCE = Instance.of("epilogue", lanes=2, **FACES["epilogue"].mutated)


@pytest.fixture
def bundle(tmp_path):
    return directed.write_bundle(INSTANCE, tmp_path / "bundle")


def test_every_bench_passes_and_every_bin_is_reached(bundle, tmp_path):
    directed.check_benches(INSTANCE, bundle, tmp_path / "out")


def test_a_contract_that_is_broken_is_refuted(tmp_path):
    """A row's last beat waits at the output and is counted again: numbers of a row too many."""
    instance = Instance.of("epilogue", lanes=1, acc_width=4, multiplier_width=2, width=4)
    sources = convert(instance)
    changed = {name: text.replace("= ~ counted", "= counted | 1'h1")
               for name, text in sources.items()}
    assert changed != sources
    outcome = properties.bound(instance, STREAM, tmp_path, cycles=17, sources=changed)
    assert outcome.status == properties.FAILED and "o_row_invented" in outcome.failures


@pytest.mark.parametrize(("old", "new"), sampled([
    ("= ~ counted", "= counted | 1'h1"),  # a beat that waits at the output is counted again
    ("$signed(i[7:0]) + $signed(i[15:8])", "$signed(i[7:0]) - $signed(i[15:8])"),
], lambda bug: "counted" in bug[0]))
def test_bugs_are_seen(old, new, bundle, tmp_path):
    results = directed.results_of(INSTANCE, bundle, tmp_path / "mine", old, new)
    assert not all(result.passed for result in results)

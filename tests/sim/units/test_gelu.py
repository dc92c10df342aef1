"""The table unit in simulation and proofs: benches, coverage, mutants, and bugs that are seen."""

import pytest

from tests.every import long
from tests.sim.units import directed
from vit2rtl.farm.pool import LocalPool
from vit2rtl.golden import Instance
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.formal import runs
from vit2rtl.sim.mutation import netlist, run
from vit2rtl.sim.units import FACES

INSTANCE = Instance.of("gelu", lanes=3, input_bits=4)


@pytest.fixture
def bundle(tmp_path):
    return directed.write_bundle(INSTANCE, tmp_path / "bundle")


def test_every_bench_passes_and_every_bin_is_reached(bundle, tmp_path):
    directed.check_benches(INSTANCE, bundle, tmp_path / "out")


def test_a_lane_that_reads_its_neighbours_code_is_seen(bundle, tmp_path):
    results = directed.results_of(INSTANCE, bundle, tmp_path / "mine",
                                  "codes__0(i__payload[11:8])", "codes__0(i__payload[7:4])")
    assert {r.bench for r in results if not r.passed} >= {"stalls", "replay"}
    assert any("wrong value" in detail.problem for r in results for detail in r.details)


def test_a_row_read_while_it_is_written_is_refuted(tmp_path):
    part, instance = runs.planned(["gelu"])[0]
    sources = directed.changed(convert(instance), "n8 = enable & n1", "n8 = enable | n1")
    outcome = runs.run(part, instance, tmp_path, sources=sources)
    assert outcome.status == "failed"
    assert outcome.failures == {"dut.unit.table_0.memory.collides":
                                "no row of the memory is read in the cycle in which it is written"}


@long
def test_the_benches_kill_mutants():
    instance = Instance.of("gelu", lanes=2, **FACES["gelu"].mutated)
    mutants = netlist.sample(instance, count=25, seed=7)
    score = run.score(netlist.netlist(instance, mutants), simulator="icarus",
                      cluster=LocalPool(2))
    assert score.passed, score.line()

"""The table unit in simulation and proofs: benches, coverage, mutants, and bugs that are seen."""

import pytest

from vit2rtl.golden import BundleWriter, Instance, directed_records
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.functional import merged
from vit2rtl.sim.formal import runs
from vit2rtl.sim.mutation import netlist, run
from vit2rtl.sim.run.regression import run_regression
from vit2rtl.sim.units import FACES

INSTANCE = Instance.of("gelu", lanes=3, input_bits=4)


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


def changed(instance, old, new):
    """The Verilog of an instance with a bug."""
    sources = convert(instance)
    wrong = {name: text.replace(old, new) for name, text in sources.items()}
    assert wrong != sources, sources[f"{instance.name}.v"]
    return wrong


def test_a_lane_that_reads_its_neighbours_code_is_seen(bundle, tmp_path):
    (tmp_path / "mine").mkdir()
    for name, text in changed(INSTANCE, "codes__0(i__payload[11:8])",
                              "codes__0(i__payload[7:4])").items():
        (tmp_path / "mine" / name).write_text(text)
    results = run_regression(bundle, simulators=["icarus"], verilog_folder=tmp_path / "mine",
                             out=tmp_path / "out")
    assert {r.bench for r in results if not r.passed} >= {"stalls", "replay"}
    assert any("wrong value" in detail.problem for r in results for detail in r.details)


def test_a_row_read_while_it_is_written_is_refuted(tmp_path):
    part, instance = runs.planned(["gelu"])[0]
    sources = changed(instance, "n8 = enable & n1", "n8 = enable | n1")
    outcome = runs.run(part, instance, tmp_path, sources=sources)
    assert outcome.status == "failed"
    assert outcome.failures == {"dut.unit.table_0.memory.collides":
                                "no row of the memory is read in the cycle in which it is written"}


def test_the_benches_kill_mutants():
    instance = Instance.of("gelu", lanes=2, **FACES["gelu"].mutated)
    mutants = netlist.sample(instance, count=25, seed=7)
    score = run.score(netlist.netlist(instance, mutants), simulator="icarus", jobs=2)
    assert score.passed, score.line()

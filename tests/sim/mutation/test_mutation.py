"""Mutation testing: the score of every unit, and that the score can fail."""

import json

import pytest

from tests.every import sampled
from tests.lane_wise import LANE_WISE
from vit2rtl.farm.pool import LocalPool
from vit2rtl.farm.store import Store
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter
from vit2rtl.rtl import verilog
from vit2rtl.sim.mutation import benches, netlist, run
from vit2rtl.sim.mutation.assumptions import environment
from vit2rtl.sim.mutation.equivalence import Equivalence
from vit2rtl.sim.mutation.score import BAR
from vit2rtl.sim.run.results import BenchResult

SLICE = 30
DEQUANTIZER = Instance.of("log2_dequantizer", lanes=2)


@pytest.mark.parametrize("unit", sampled(LANE_WISE, "log2_dequantizer".__eq__))
def test_the_benches_of_every_unit_kill_its_mutants(unit):
    instance = Instance.of(unit, lanes=2)
    mutants = netlist.sample(instance, count=SLICE, seed=7)
    mutated = netlist.netlist(instance, mutants)
    score = run.score(mutated)
    assert score.value >= BAR, json.dumps(score.described(), indent=1)
    assert score.passed
    killed = [number for numbers in score.killed.values() for number in numbers]
    assert sorted([*killed, *score.equivalent, *score.survivors]) == list(range(1, SLICE + 1))
    assert len(score.killed["replay"]) > SLICE // 2
    # What a bench has seen is a difference, the rarest ones too: no proof may say otherwise.
    equivalence = Equivalence(mutated)
    rare = set(killed) - set(score.killed["replay"])
    assert not any(equivalence.proved(number) for number in rare)


@pytest.fixture(scope="module")
def everything():
    """Every mutant of the dequantizer."""
    return netlist.sample(DEQUANTIZER, count=100_000, seed=0)


def one(mutants, mode, port, wire=""):
    """The first mutant of that mode and port, on bit 0 of that wire if given."""
    return next(
        m for m in mutants
        if (m.mode, m.port) == (mode, port) and m.wire == (f"{wire}[0]" if wire else m.wire)
    )


@pytest.fixture
def judged(everything):
    """The score of a few mutants, on Icarus: it compiles in no time."""

    def judged(*mutants, **given):
        mutated = netlist.netlist(DEQUANTIZER, mutants, **given)
        return run.score(mutated, simulator="icarus")

    return judged


def test_a_mutant_counts_for_the_first_bench_that_sees_it(everything, judged):
    wrong = one(everything, "inv", "Q", "m_axis_tdata")
    waits = one(everything, "const0", "A", "unit.control.n1")
    noisy = stuck_high(everything, "assign m_axis_tvalid = ")
    harmless = stuck_high(everything, "assign i_valid = ")
    score = judged(wrong, waits, noisy, harmless)
    # The reset bench, which comes first, sees the one that waits, too: with outputs that flow.
    assert score.killed == {
        "replay": [1], "replay with stalls": [], "stalls": [], "reset": [2, 3], "throughput": [],
    }
    assert score.equivalent == [4]
    assert (score.survivors, score.value) == ([], 1.0)
    assert score.line() == (
        "log2_dequantizer_l2: 4 mutants, 3 killed (replay 1, reset 2), "
        "1 equivalent, 0 survived: 100.0%"
    )


def stuck_high(mutants, text):
    """The mutant whose cell comes from that line of the top, its gating by ``aresetn`` gone."""
    top = f"{DEQUANTIZER.name}_axis.v"
    lines = verilog.convert(DEQUANTIZER)[top].splitlines()
    (number,) = (n for n, line in enumerate(lines, 1) if text in line)
    return next(
        m for m in mutants
        if (m.mode, m.port) == ("const1", "B") and m.source.startswith(f"{top}:{number}.")
    )


def test_a_netlist_without_a_selected_mutant_is_the_circuit(everything, tmp_path):
    mutated = netlist.netlist(DEQUANTIZER, everything[:3])
    assert Equivalence(mutated).proved(0)
    with BundleWriter(tmp_path / "bundle", provenance={"records": "directed"}) as writer:
        for record in directed_records(DEQUANTIZER):
            writer.add(DEQUANTIZER, **record)
    one = benches.Benches(DEQUANTIZER.name, mutated.sources, tmp_path / "bundle",
                          run.find("icarus"), seed=0)
    assert one.replayed(0) is None


def test_an_equivalent_mutant_is_recognised_and_only_where_it_is_one():
    """``x & (x | y)`` is x, whatever y: its bit does not matter, and that of the whole does."""
    sources = verilog.convert(DEQUANTIZER)
    top = f"{DEQUANTIZER.name}_axis.v"
    plain = "assign m_axis_tvalid = o_valid & aresetn;"
    assert sources[top].count(plain) == 1
    redundant = "assign m_axis_tvalid = o_valid & (o_valid | s_axis_tvalid) & aresetn;"
    sources[top] = sources[top].replace(plain, redundant)
    mutants = netlist.sample(DEQUANTIZER, count=100_000, seed=0, sources=sources)
    ors = [m for m in mutants if m.cell.startswith(f"$or${top}")]
    harmless = [m for m in ors if m.port == "B"]
    bugs = [m for m in ors if m.port == "Y" and m.mode != "const1"]
    assert {m.mode for m in harmless} == {"inv", "const0", "const1"}
    assert {m.mode for m in bugs} == {"inv", "const0"}
    equivalence = Equivalence(netlist.netlist(DEQUANTIZER, harmless + bugs, sources=sources))
    assert [equivalence.proved(n) for n in range(1, 6)] == [True] * 3 + [False] * 2


def test_registers_that_count_only_while_valid_may_differ_when_they_do_not(everything):
    """A data register whose reset is stuck off keeps stale data, which nobody is offered."""
    stale = one(everything, "const1", "SRST")
    stuck = one(everything, "const0", "SRST")
    equivalence = Equivalence(netlist.netlist(DEQUANTIZER, [stale, stuck]))
    assert equivalence.proved(1)
    assert not equivalence.proved(2)


def test_benches_that_check_nothing_score_nothing(everything, judged, monkeypatch):
    def result(bench):
        return BenchResult("icarus", bench, DEQUANTIZER.name, 1, 0, 1.0)

    monkeypatch.setattr(benches.replay, "run", lambda *given, **named: result("replay"))
    monkeypatch.setattr(benches.protocol, "run", lambda *given, **named: [result("stalls")])
    score = judged(*[m for m in everything if m.port == "Q" and m.mode == "inv"][:4])
    assert (score.value, score.passed) == (0.0, False)
    assert score.survivors == [1, 2, 3, 4]


def test_a_circuit_that_is_wrong_to_begin_with_has_no_score(everything, judged):
    sources = verilog.convert(DEQUANTIZER)
    name = f"{DEQUANTIZER.name}.v"
    sources[name] = sources[name].replace("16'h5a82", "16'h5a83")
    with pytest.raises(ValueError, match="no score") as error:
        judged(one(everything, "inv", "Q"), sources=sources)
    assert str(error.value) == (
        "Bench 'replay' fails for the circuit without a mutant: no score"
    )


def test_a_seed_is_a_sample():
    first, again, other = (
        netlist.sample(DEQUANTIZER, count=20, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other
    assert len(set(first)) == 20
    assert all(m.port != "CLK" for m in first)
    assert all(str(m).startswith(f"{DEQUANTIZER.name}_axis ") for m in first)


def test_a_sample_has_at_least_one_mutant():
    with pytest.raises(ValueError) as error:
        netlist.sample(DEQUANTIZER, count=0, seed=0)
    assert str(error.value) == "Count must be at least 1, not 0"


def test_vectors_of_another_instance_are_refused(bundle_path):
    other = Instance.of("log2_dequantizer", lanes=3)
    mutated = netlist.netlist(other, netlist.sample(other, count=1, seed=0))
    with pytest.raises(ValueError) as error:
        run.score(mutated, bundle=bundle_path, simulator="icarus")
    assert str(error.value) == f"{bundle_path} has no vectors of log2_dequantizer_l3"


def test_the_environment_is_the_domain_of_the_unit():
    """Limits on fields count in each lane of a beat, those on configuration always."""
    quantizer = Instance.of("log_sqrt2_quantizer", lanes=2)
    fields = quantizer.fields
    claimed = environment(quantizer).split("assign assumed = ")[1]
    assert all(limit.verilog(fields) in claimed for limit in quantizer.domain)
    requantizer = Instance.of("requantizer", lanes=2)
    (limit,) = requantizer.domain
    text = environment(requantizer)
    assert text.count(limit.verilog(requantizer.fields)) == 2
    assert limit.verilog(requantizer.fields) not in text.split("assign assumed = ")[1]
    assert environment(Instance.of("log2_dequantizer", lanes=2, zero_code="extra")).count(
        "code <= 16"
    ) == 2


def test_verdicts_are_stored_and_are_the_same_from_two_processes(everything, tmp_path, monkeypatch):
    mutated = netlist.netlist(DEQUANTIZER, everything[:12])
    store, seen = Store(tmp_path / "store"), []
    serial = run.score(mutated, simulator="icarus")
    first = run.score(mutated, simulator="icarus", cluster=LocalPool(2), store=store)
    assert (first.killed, first.survivors) == (serial.killed, serial.survivors)
    trials = [*(tmp_path / "store").rglob("*.json")]
    assert len(trials) == 12 + len(serial.survivors) + sum(
        len(serial.killed[name]) for name in benches.BENCHES[2:])
    one = benches.Benches.replayed
    monkeypatch.setattr(benches.Benches, "replayed",
                        lambda self, number: seen.append(number) or one(self, number))
    again = run.score(mutated, simulator="icarus", store=store)
    assert again.killed == serial.killed
    assert set(seen) == {0}  # the circuit without a mutant is always tried
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"trials"}

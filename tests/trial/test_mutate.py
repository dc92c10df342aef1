"""Mutants of units on trial: the benches find them, or nobody can see a difference."""

import json

import pytest

from tests.every import sampled
from vit2rtl.golden import Instance
from vit2rtl.sim.mutation import netlist, run
from vit2rtl.sim.mutation.assumptions import environment
from vit2rtl.sim.mutation.equivalence import Equivalence
from vit2rtl.sim.tools.processes import Threads

COUNT = 30
INSTANCES = {
    "row_maximum": {"lanes": 2, "width": 4},
    "table_lookup": {"lanes": 2, "bits": 2, "width": 2},
}


@pytest.mark.parametrize("unit", sampled(INSTANCES, "row_maximum".__eq__))
def test_the_benches_kill_mutants(unit):
    instance = Instance.of(unit, **INSTANCES[unit])
    mutants = netlist.sample(instance, count=COUNT, seed=0)
    score = run.score(netlist.netlist(instance, mutants), simulator="icarus", cluster=Threads(2))
    assert score.passed, json.dumps(score.described(), indent=1)
    assert len(mutants) == COUNT


def test_every_stream_is_compared():
    """A table that is never loaded shows in what leaves; an equal circuit is equivalent."""
    instance = Instance.of("table_lookup", lanes=1, bits=2, width=2)
    mutants = netlist.sample(instance, count=100_000, seed=0)
    table = next(m for m in mutants if m.wire == "s_axis_table_tvalid[0]" and m.mode == "const0")
    output = next(m for m in mutants if m.wire.startswith("m_axis_tdata") and m.mode == "inv")
    equivalence = Equivalence(netlist.netlist(instance, [table, output]))
    assert [equivalence.proved(n) for n in range(3)] == [True, False, False]


def test_most_of_all_there_are_is_a_sample(monkeypatch):
    """Of this netlist yosys never comes to an end with 270."""
    monkeypatch.setattr(netlist, "SECONDS_TO_SAMPLE", 3)
    instance = Instance.of("table_lookup", lanes=1, bits=2, width=2)
    every = netlist.sample(instance, count=100_000, seed=0)
    mutants = netlist.sample(instance, count=200, seed=0)
    assert len(set(mutants)) == 200
    assert set(mutants) <= set(every)


def test_limits_are_those_of_their_stream():
    text = environment(Instance.of("table_lookup", lanes=2, bits=2, width=2))
    assert text.count(" = !s_axis_tvalid || ") == 2
    assert text.count(" = !s_axis_table_tvalid || ") == 1
    assert "(!s_axis_table_tvalid || !s_axis_tvalid)" in text

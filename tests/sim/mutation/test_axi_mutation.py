"""Mutants of AXI4-Lite tops: their benches find them, and the score can fail."""

import json

import pytest

from tests.every import long
from vit2rtl.farm.pool import LocalPool
from vit2rtl.farm.run import TasksFailedError
from vit2rtl.farm.store import Store
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.rtl.packaging.sources import sources
from vit2rtl.sim.mutation import axi
from vit2rtl.sim.mutation.equivalence import Equivalence
from vit2rtl.sim.tools.processes import Threads

COUNT = 16


@pytest.fixture(scope="module")
def registers():
    return register_map(Instance.of("log2_dequantizer", lanes=1))


@pytest.fixture(scope="module")
def mutants(registers):
    return axi.design(registers).sample(COUNT, seed=2)


@long
def test_the_benches_kill_mutants_of_the_top(registers, mutants):
    score = axi.score(axi.mutated(registers, mutants), simulator="icarus", cluster=Threads(2))
    assert score.passed, json.dumps(score.described(), indent=1)
    killed = [number for numbers in score.killed.values() for number in numbers]
    assert sorted([*killed, *score.equivalent, *score.survivors]) == list(range(1, COUNT + 1))
    assert len(killed) > COUNT // 2


def test_verdicts_are_stored_and_are_the_same_from_two_processes(
    registers, mutants, tmp_path, monkeypatch
):
    monkeypatch.setattr(axi, "BATCH", 1)
    mutated, store = axi.mutated(registers, mutants[:3]), Store(tmp_path / "store")
    serial = axi.score(mutated, simulator="icarus")
    ran = []

    def interrupted(number, killed, total):
        ran.append(killed)
        if len(ran) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        axi.score(mutated, simulator="icarus", store=store, report=interrupted)
    assert len([*store.folder.rglob("*.json")]) == 2
    pooled = axi.score(mutated, simulator="icarus", store=store, cluster=LocalPool(2))
    assert pooled == serial and any(serial.killed.values())
    monkeypatch.setattr(axi, "run_cocotb", None)
    assert axi.score(mutated, simulator="icarus", store=store) == serial
    assert {path.name for path in store.folder.iterdir()} == {"trials"}
    with pytest.raises(TasksFailedError, match="1 of 1 task failed or were lost"):
        axi.score(axi.mutated(registers, mutants[3:4]), simulator="icarus", store=store)


def test_mutants_are_around_the_unit_and_none_is_equivalent_to_the_circuit(registers, mutants):
    assert {mutant.module for mutant in mutants} == {"log2_dequantizer_l1_axi"}
    assert not any("unit." in str(mutant) for mutant in mutants)
    assert Equivalence(axi.mutated(registers, mutants[:2])).proved(0)


def test_a_top_that_is_wrong_to_begin_with_has_no_score(registers):
    texts = sources(registers.instance, registers)
    name = "log2_dequantizer_l1_axi.v"
    texts[name] = texts[name].replace("taking = aresetn & enable", "taking = aresetn")
    wrong = axi.design(registers, texts).sample(1, seed=1)
    with pytest.raises(ValueError, match="The circuit without a mutant fails: no score"):
        axi.score(axi.mutated(registers, wrong, texts), simulator="icarus")

"""The benches find mistakes in Verilog of a user's own: all that the contract says is checked.

In `make test-all` every bug of ``own_rtl`` in every unit, else one of each kind.
"""

import pytest

from tests.every import long, sampled
from vit2rtl.golden import BundleWriter, Instance, directed_records
from vit2rtl.sim.run.regression import run_regression

from .own_rtl import BUGS, SETTINGS, instance_name, right

# (kind, name): in which unit it is tried; the benches' long part is the same for many of them.
SAMPLE = {
    ("configuration", "a cycle late"): "log_sqrt2_quantizer",
    ("configuration", "taken at tlast"): "requantizer",
    ("reset", "two clock edges are needed"): "log_sqrt2_quantizer",
    ("reset", "a cycle late"): "log2_dequantizer",
    ("stalls", "valid goes away after 1000 cycles"): "log2_dequantizer",
    ("packets", "the 300th beat is lost"): "log2_dequantizer",
    ("values", "threshold 13 with equality"): "log_sqrt2_quantizer",
}
CHOSEN = sampled(BUGS, lambda bug: SAMPLE.get((bug.kind, bug.name)) == bug.unit)
ON_VERILATOR = ("a cycle late", "two clock edges are needed", "valid goes away after 60 cycles")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """Directed records alone, of the instances that the Verilog is written for."""
    path = tmp_path_factory.mktemp("own") / "vectors"
    with BundleWriter(path, {}) as writer:
        for unit in SETTINGS:
            instance = Instance.of(unit, lanes=2)
            assert instance.name == instance_name(unit)
            for record in directed_records(instance):
                writer.add(instance, **record)
    return path


def failed(vectors, unit, text, folder, simulator="icarus"):
    """Names of the benches that fail, each with a mismatch rather than without a verdict."""
    (folder / "mine.sv").write_text(text)
    results = run_regression(
        vectors, simulators=[simulator], units=[unit], verilog_folder=folder, out=folder / "out"
    )
    assert not any(result.error for result in results), [result.error for result in results]
    return [result.bench for result in results if not result.passed]


@pytest.mark.parametrize("unit", SETTINGS)
def test_right_verilog_passes(unit, vectors, tmp_path):
    assert failed(vectors, unit, right(unit), tmp_path) == []


@pytest.mark.parametrize("bug", CHOSEN, ids=str)
def test_a_bug_is_found_in_icarus(bug, vectors, tmp_path):
    assert failed(vectors, bug.unit, bug.text(), tmp_path)


@long
@pytest.mark.parametrize("name", ON_VERILATOR)
def test_a_bug_is_found_in_verilator(name, vectors, tmp_path):
    bug = next(b for b in BUGS if (b.name, b.unit) == (name, "log_sqrt2_quantizer"))
    assert failed(vectors, bug.unit, bug.text(), tmp_path, "verilator")


def test_every_bug_changes_the_text():
    assert {(bug.kind, bug.name) for bug in BUGS} >= set(SAMPLE)
    for bug in BUGS:
        assert bug.text() != right(bug.unit), bug
    assert len({str(bug) for bug in BUGS}) == len(BUGS) > 100

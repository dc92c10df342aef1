"""Directed records of a unit through its benches, and its Verilog with a bug."""

from vit2rtl.golden import BundleWriter, directed_records
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.coverage.bins import declared
from vit2rtl.sim.coverage.functional import merged
from vit2rtl.sim.run.regression import run_regression

BENCHES = ("stalls", "reset", "throughput", "replay")


def write_bundle(instance, folder):
    """The folder, with the bundle of the directed records in it."""
    with BundleWriter(folder, {}) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    return folder


def check_benches(instance, bundle, out):
    """Every bench passes in Icarus, and all of them together reach every bin."""
    results = run_regression(bundle, simulators=["icarus"], out=out, coverage=True)
    assert [(r.bench, r.passed, r.details) for r in results] == [
        (bench, True, ()) for bench in BENCHES]
    (coverage,) = merged(results)
    assert list(coverage.hits) == declared(instance, 0)
    assert not coverage.missing


def changed(sources, old, new):
    """{file: text} with a bug in place of a text that is there."""
    wrong = {name: text.replace(old, new) for name, text in sources.items()}
    assert wrong != sources, (old, sources)
    return wrong


def results_of(instance, bundle, folder, old, new):
    """What the benches make of the instance's Verilog with a bug, kept in ``folder``."""
    folder.mkdir()
    for name, text in changed(convert(instance), old, new).items():
        (folder / name).write_text(text)
    return run_regression(bundle, simulators=["icarus"], verilog_folder=folder,
                          out=folder.with_name("out"))

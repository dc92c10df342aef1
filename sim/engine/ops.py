"""Op mode: every op of a program's vectors on the unit that computes it, bit for bit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from vit2rtl.farm.run import Cluster
from vit2rtl.farm.store import Store
from vit2rtl.golden.vectors.bundle import read_bundle
from vit2rtl.golden.vectors.bundle_contents import Entry
from vit2rtl.golden.vectors.program_vectors_reader import read_vectors
from vit2rtl.sim.engine.cut import Cut, fitting, instances, write_units
from vit2rtl.sim.run.options import Options
from vit2rtl.sim.run.regression import Report, run_regression, selected
from vit2rtl.sim.run.results import BenchResult, Mismatch

UNITS = "units"


@dataclass(frozen=True)
class OpResults:
    """What units made of the ops.

    results   of each instance in each simulator; what went wrong is said of ops
    """

    cut: Cut
    results: list[BenchResult]

    def line(self) -> str:
        """``59 of 63 ops, 123,456 elements, 0 differences``"""
        cut, instances = self.cut, {result.instance for result in self.results}
        ops = cut.whole(instances)
        elements = cut.images * sum(prod(op.output.shape) for op in ops)
        differences = sum(result.mismatches for result in self.results)
        return (f"{len(ops)} of {len(cut.ops) + len(cut.moves)} ops on {len(instances)} "
                f"{'unit' if len(instances) == 1 else 'units'} of the engine "
                f"{cut.configuration.name}, {elements:,} elements: {differences:,} differences")


def run_ops(
    bundle: Path, *, engine: str | None = None, out: Path, report: Report | None = None,
    progress: Callable[[int, int], object] = lambda done, total: None,
    cluster: Cluster | None = None, store: Store | None = None, **options: Any,
) -> OpResults:
    """Simulate what units do of each op.

    bundle   folder of a program's vectors
    engine   name of a configuration; by default the first that all ops fit
    out      for the bundle of units that is made of them, ``out/units``, for logs and waves
    options  of :class:`vit2rtl.sim.run.options.Options`; and its ``cluster`` and ``store``
    """
    vectors = read_vectors(bundle)
    configuration = fitting(vectors, engine)
    # Both say what is wrong before anything is written.
    wanted = Options(out=out, **options)
    wanted.tools()
    if wanted.units:
        selected(instances(vectors, configuration), wanted.units)
    cut = write_units(vectors, configuration, out / UNITS,
                      progress=lambda done: progress(done, len(vectors.ops)))
    entries = {entry.instance.name: entry for entry in read_bundle(cut.path).entries}

    def of_ops(result: BenchResult) -> BenchResult:
        entry = entries[result.instance]
        return replace(result, details=tuple(_named(m, entry, cut) for m in result.details))

    def named(results: list[BenchResult], done: int, total: int) -> None:
        if report:
            report([of_ops(result) for result in results], done, total)

    results = run_regression(cut.path, report=named, cluster=cluster, store=store, out=out,
                             protocol=False, **options)
    return OpResults(cut, [of_ops(result) for result in results])


def _named(mismatch: Mismatch, entry: Entry, cut: Cut) -> Mismatch:
    """The same, its element named by op, token and channel."""
    origin = cut.origins.get((mismatch.instance, mismatch.record))
    if origin is None or mismatch.beat is None:
        return mismatch
    sinks = entry.instance.sinks
    sink = next((s for s in sinks if s.name == mismatch.stream), sinks[0])
    held = next(r for r in entry.records if r.name == mismatch.record).streams[sink.name]
    row, beat = divmod(mismatch.beat, held.row_beats)
    element = row * held.columns + beat * sink.lanes + (mismatch.lane or 0)
    field = sink.fields[0].name
    if field not in origin.places or row >= held.rows:
        return mismatch
    return replace(mismatch, place=origin.name(field, element))

"""Runs the benches on every mutant of an instance, the cheap ones first."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from vit2rtl.farm.run import Cluster, results, run
from vit2rtl.farm.store import Store, Trial
from vit2rtl.farm.task import Task, digest
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter
from vit2rtl.sim.mutation.benches import BENCHES, Benches
from vit2rtl.sim.mutation.equivalence import Equivalence, Mutated
from vit2rtl.sim.mutation.netlist import MutatedNetlist
from vit2rtl.sim.mutation.score import Score
from vit2rtl.sim.tools.simulators import find

SOURCES = "sources"
# Raised where a bench judges otherwise than before.
VERDICT, VERDICT_VERSION = "vit2rtl.sim.mutation.benches:verdict", 1

# Called with (phase, done, total).
Report = Callable[[str, int, int], None]


def score(
    mutated: MutatedNetlist,
    *,
    bundle: str | Path | None = None,
    simulator: str = "verilator",
    seed: int = 0,
    cluster: Cluster | None = None,
    store: Store | None = None,
    report: Report | None = None,
) -> Score:
    """The :class:`Score` of an instance's benches for the mutants of its netlist.

    Each mutant meets the replay of all records, then the same with stalls. What survives goes to
    the solver, and what that does not prove equivalent to the protocol benches.

    mutated  from :func:`vit2rtl.sim.mutation.netlist.netlist`
    bundle   folder of golden vectors with the instance in it; its directed records by default
    seed     of everything random in the benches
    cluster  what simulates, a mutant a task; this process by default
    store    of the verdicts; what is there is not simulated again. Lies where the cluster sees it
    report   called with (phase, done, total)
    raises   ValueError where the circuit without a mutant fails a bench
    """
    started = time.perf_counter()
    report = report or (lambda phase, done, total: None)
    instance = mutated.instance
    with staged(mutated.sources, store) as (folder, verdicts):
        judge = _Judge(mutated, bundle, folder, simulator, seed,
                       partial(run, store=verdicts, cluster=cluster), report)
        left = judge.left("replayed", [*range(1, len(mutated.mutants) + 1)], "replay")
        left, equivalent = proved(mutated, left, report)
        left = judge.left("driven", left, "protocol")
        judge.original_passes("replayed")  # nothing else made benches fail on the way
        killed = judge.killed
    return Score(
        instance=instance.name,
        unit=instance.unit.name,
        parameters=dict(instance.parameters),
        mutants=mutated.mutants,
        killed=killed,
        equivalent=equivalent,
        survivors=left,
        seconds=time.perf_counter() - started,
    )


@contextmanager
def staged(
    sources: Mapping[str, str], store: Store | None
) -> Iterator[tuple[Path, Store]]:
    """A folder for what tasks read, :data:`SOURCES` with the netlist in it, beside the verdicts.

    store   of the verdicts; one for this run alone where there is none
    """
    with tempfile.TemporaryDirectory(prefix="vit2rtl-mutate-") as scratch:
        store = store or Store(scratch, kept=False)
        store.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="mutate-", dir=store.folder) as folder:
            place = Path(folder, SOURCES)
            place.mkdir()
            for name, text in sources.items():
                (place / name).write_text(text, encoding="utf-8", newline="\n")
            yield Path(folder), store


def _directed(instance: Instance, bundle: Path) -> Path:
    with BundleWriter(bundle, provenance={"records": "directed"}) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    return bundle


class _Judge:
    """The benches of a netlist: in folders for tasks, and here for the circuit without a mutant."""

    def __init__(
        self, mutated: MutatedNetlist, bundle: str | Path | None, folder: Path, simulator: str,
        seed: int, run: Callable[..., list[Trial]], report: Report,
    ) -> None:
        bundle = Path(bundle or _directed(mutated.instance, folder / "bundle")).absolute()
        name = mutated.instance.name
        self._benches = Benches(name, mutated.sources, bundle, find(simulator), seed)
        self._common = {
            "instance": name, "netlist": digest(dict(mutated.sources)),
            "records": digest(self._benches.described), "simulator": simulator, "seed": seed,
        }
        self._inputs = {"sources": str(folder / SOURCES), "bundle": str(bundle)}
        self._run, self._report = run, report
        self.killed: dict[str, list[int]] = {bench: [] for bench in BENCHES}

    def left(self, stage: str, numbers: list[int], phase: str) -> list[int]:
        """Numbers that survive; those killed are filed under the bench that fails first.

        The circuit without a mutant comes first: benches that fail for it judge nothing.
        """
        if not numbers:
            return []
        self.original_passes(stage)
        tasks = [Task(VERDICT, VERDICT_VERSION,
                      {**self._common, "stage": stage, "mutant": number}, self._inputs)
                 for number in numbers]
        trials = self._run(tasks, report=partial(self._report, phase))
        verdicts = [result["bench"] for result in results(trials)]
        for number, bench in zip(numbers, verdicts, strict=True):
            if bench:
                self.killed[bench].append(number)
        return [number for number, bench in zip(numbers, verdicts, strict=True) if not bench]

    def original_passes(self, stage: str) -> None:
        """A ValueError where the circuit without a mutant fails."""
        failed = getattr(self._benches, stage)(0)
        if failed:
            raise ValueError(f"Bench {failed!r} fails for the circuit without a mutant: no score")


def proved(
    mutated: Mutated, numbers: list[int], report: Report
) -> tuple[list[int], list[int]]:
    """(numbers left, numbers proved equivalent)."""
    if not numbers:
        return [], []
    equivalence = Equivalence(mutated)
    equivalent = []
    for done, number in enumerate(numbers, 1):
        if equivalence.proved(number):
            equivalent.append(number)
        report("solver", done, len(numbers))
    return [number for number in numbers if number not in equivalent], equivalent

"""Runs the benches on every mutant of an instance, the cheap ones first."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from vit2rtl.golden.units import directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter, read_bundle
from vit2rtl.sim.mutation import netlist
from vit2rtl.sim.mutation.equivalence import Equivalence, Mutated
from vit2rtl.sim.mutation.netlist import MutatedNetlist
from vit2rtl.sim.mutation.score import Score
from vit2rtl.sim.run import protocol, replay
from vit2rtl.sim.run.bench import Bench
from vit2rtl.sim.tools import builds, processes
from vit2rtl.sim.tools.simulators import Tool, find

STALL = 40  # percentage of the second replay
REPLAY, STALLED_REPLAY = "replay", "replay with stalls"
BENCHES = (REPLAY, STALLED_REPLAY, *protocol.BENCHES)

# Called with (phase, done, total).
Report = Callable[[str, int, int], None]


def score(
    mutated: MutatedNetlist,
    *,
    bundle: str | Path | None = None,
    simulator: str = "verilator",
    seed: int = 0,
    jobs: int = 1,
    report: Report | None = None,
) -> Score:
    """The :class:`Score` of an instance's benches for the mutants of its netlist.

    Each mutant meets the replay of all records, then the same with stalls. What survives goes to
    the solver, and what that does not prove equivalent to the protocol benches.

    mutated  from :func:`vit2rtl.sim.mutation.netlist.netlist`
    bundle   folder of golden vectors with the instance in it; its directed records by default
    seed     of everything random in the benches
    jobs     simulations at a time
    report   called with (phase, done, total)
    raises   ValueError where the circuit without a mutant fails a bench
    """
    started = time.perf_counter()
    report = report or (lambda phase, done, total: None)
    instance = mutated.instance
    with tempfile.TemporaryDirectory(prefix="vit2rtl-mutate-") as folder:
        benches = Benches(mutated, bundle, Path(folder), find(simulator), seed)
        killed: dict[str, list[int]] = {bench: [] for bench in BENCHES}
        left = list(range(1, len(mutated.mutants) + 1))
        left = _judge(benches.replayed, left, killed, jobs, "replay", report)
        left, equivalent = proved(mutated, left, report)
        left = _judge(benches.driven, left, killed, jobs, "protocol", report)
        _original_passes(benches.replayed)  # nothing else has made benches fail on the way
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


class Benches:
    """The compiled benches of one netlist; each call simulates one mutant in its own folder."""

    def __init__(
        self,
        mutated: MutatedNetlist,
        bundle: str | Path | None,
        folder: Path,
        tool: Tool,
        seed: int,
    ) -> None:
        self._name, self._sources = mutated.instance.name, mutated.sources
        self._bundle = Path(bundle or _directed(mutated.instance, folder / "bundle"))
        entries = read_bundle(self._bundle).entries
        matching = [e for e in entries if e.instance.name == self._name]
        if not matching:
            raise ValueError(f"{bundle} has no vectors of {self._name}")
        self._entry = matching[0]
        self._folder, self._tool, self._seed = folder, tool, seed
        self._builds: dict[str, builds.Build] = {}

    def replayed(self, number: int) -> str | None:
        """The replay bench that fails for this mutant, or None."""
        text = Path(self._entry.bench).read_text(encoding="utf-8")
        build = self._build(builds.REPLAY, f"{self._name}_replay", {"replay.sv": text})
        for name, stall in ((REPLAY, 0), (STALLED_REPLAY, STALL)):
            with self._selected(number) as folder:
                result = replay.run(self._bench(build, folder, stall), self._bundle)
            if not result.passed:
                return name
        return None

    def driven(self, number: int) -> str | None:
        """The protocol bench that fails for this mutant, or None."""
        build = self._build(builds.PROTOCOL, f"{self._name}_axis", {})
        with self._selected(number) as folder:
            results = protocol.run(self._bench(build, folder))
        return next((result.bench for result in results if not result.passed), None)

    def _bench(self, build: builds.Build, folder: Path, stall: int = 0) -> Bench:
        return Bench(self._entry, self._tool, build, folder, seed=self._seed, stall=stall)

    def _build(self, kind: str, top: str, extra: Mapping[str, str]) -> builds.Build:
        if kind not in self._builds:
            sources = {**self._sources, **extra}
            self._builds[kind] = builds.build(self._tool, sources, top, kind=kind)
        return self._builds[kind]

    @contextmanager
    def _selected(self, number):
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self._folder))
        (folder / netlist.SELECTION).write_text(f"{number:x}\n", encoding="ascii")
        yield folder
        shutil.rmtree(folder)


def _directed(instance, bundle):
    with BundleWriter(bundle, provenance={"records": "directed"}) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    return bundle


def _judge(bench, numbers, killed, jobs, phase, report):
    """Numbers that survive; those killed are filed under the bench that fails first.

    The circuit without a mutant comes first: benches that fail for it judge nothing.
    """
    if not numbers:
        return []
    _original_passes(bench)
    verdicts = {}

    def done(n, verdict):
        verdicts[numbers[n]] = verdict
        report(phase, len(verdicts), len(numbers))

    processes.run_all([partial(bench, number) for number in numbers], jobs, done)
    for number in numbers:
        if verdicts[number]:
            killed[verdicts[number]].append(number)
    return [number for number in numbers if not verdicts[number]]


def _original_passes(bench):
    failed = bench(0)
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

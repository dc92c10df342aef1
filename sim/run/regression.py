"""The regression of a bundle: every bench of every instance on every simulator asked for.

A step, one kind of bench of one instance on one simulator, is a task of the farm.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vit2rtl.farm.run import Cluster, result, run
from vit2rtl.farm.shared import given, shared
from vit2rtl.farm.store import Store, Trial
from vit2rtl.farm.task import Task, digest
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.vectors.bundle import read_bundle
from vit2rtl.golden.vectors.bundle_contents import Entry
from vit2rtl.rtl.packaging.manifest import Package, read_package
from vit2rtl.rtl.packaging.register_map import RegisterMap
from vit2rtl.rtl.packaging.sources import sources, top_name
from vit2rtl.sim.axi.run import AxiBench
from vit2rtl.sim.coverage.monitor import Monitor
from vit2rtl.sim.run import protocol, replay
from vit2rtl.sim.run.bench import Bench
from vit2rtl.sim.run.options import Options
from vit2rtl.sim.run.results import BenchResult
from vit2rtl.sim.tools import builds
from vit2rtl.sim.tools.claimed import claimed
from vit2rtl.sim.tools.processes import Threads
from vit2rtl.sim.tools.simulators import Tool

OUT = "simulation"
SUFFIXES = (".v", ".sv", ".vh", ".svh")  # the last two for `include

# Called with the results of one step, and how many steps are done, of how many.
Report = Callable[[list[BenchResult], int, int], None]
# The task of a step; the version is raised where a bench judges otherwise than before.
STEP, STEP_VERSION = f"{__name__}:step", 1
PROTOCOL, REPLAY, AXI_LITE = "protocol", "replay", "AXI4-Lite"


def run_regression(
    bundle: str | Path, *, report: Report | None = None, cluster: Cluster | None = None,
    store: Store | None = None, **options: Any,
) -> list[BenchResult]:
    """Replay a bundle through its units' Verilog; results in a fixed order.

    bundle   folder of a golden-vector bundle, or of an IP package: its vectors go through its own
             Verilog, and its AXI4-Lite top has benches beside; validated before anything runs
    report   called with (list of the results of one step, done, total) as they come in
    cluster  what runs the steps, a task each; it must see the bundle, ``out`` and ``store``
    store    of results: a step that is there is not run again; by default one for this run only
    options  those of :class:`~vit2rtl.sim.run.options.Options`
    """
    regression = Regression(bundle, Options(**options))
    return regression.run(report, cluster, store)


def step(
    spec: Mapping[str, Any], session: str, bundle: str, options: Mapping[str, Any],
    verilog: str | None,
) -> dict[str, Any]:
    """Results of a step, ``{"results": [...]}``: what a task of the farm calls.

    session   of the run: see :mod:`vit2rtl.farm.shared`
    verilog   file of what the run's process has generated
    """
    def opened() -> Regression:
        texts = json.loads(Path(verilog).read_text(encoding="utf-8")) if verilog else None
        return Regression(bundle, Options(**options), texts)

    regression = shared(session, opened)
    return {"results": [one.as_dict() for one in regression.step(spec)]}


class Regression:
    """A bundle's instances with their Verilog and what is to be run of them.

    verilog   file name -> text by instance, where it has been generated already
    """

    def __init__(
        self, bundle: str | Path, options: Options,
        verilog: Mapping[str, dict[str, str]] | None = None,
    ) -> None:
        self.options = options
        self.tools = {tool.name: tool for tool in options.tools()}
        self.package = read_package(bundle)
        self.folder = _verilog_folder(self.package, options.verilog_folder)
        vectors = read_bundle(self.package.vectors if self.package else bundle)
        self.bundle = vectors.path
        self._inputs = {
            "bundle": str(Path(bundle).absolute()), "options": {
                **asdict(options), "out": str(Path(options.out or OUT).absolute()),
                "verilog_folder": options.verilog_folder and str(
                    Path(options.verilog_folder).absolute())}}
        chosen = selected([entry.instance for entry in vectors.entries], options.units)
        by_name = {entry.instance.name: entry for entry in vectors.entries}
        self._manifest = {
            entry.instance.name: described for entry, described in zip(
                vectors.entries, vectors.manifest["entries"], strict=True)}
        self.entries = [by_name[instance.name] for instance in chosen]
        self.sources = verilog or {
            e.instance.name: _sources(e.instance, self.folder, self.package) for e in self.entries
        }
        self.out = Path(options.out or OUT)
        self.monitors = {e.instance.name: self._monitor(e.instance) for e in self.entries}

    def run(
        self, report: Report | None = None, cluster: Cluster | None = None,
        store: Store | None = None,
    ) -> list[BenchResult]:
        """An error or an interrupt ends all simulators; a ValueError where ``out`` is in use."""
        with given(self) as session, claimed(self.out), tempfile.TemporaryDirectory(
                prefix=".trials-", dir=self.out) as trials:
            verilog = Path(trials).absolute() / "verilog.json"
            if cluster is not None:
                verilog.write_text(json.dumps(self.sources), encoding="utf-8")
            tasks = self.tasks(session, str(verilog))
            return self._run(tasks, report, cluster or Threads(self.options.jobs),
                             store or Store(trials, kept=False))

    def tasks(self, session: str, verilog: str | None = None) -> list[Task]:
        """In the order of the results; see :func:`step` for ``session`` and ``verilog``."""
        kinds = (PROTOCOL, REPLAY) if self.options.protocol else (REPLAY,)
        steps = [(kind, entry.instance.name, tool) for tool in self.tools for entry in self.entries
                 for kind in kinds]
        if self.package and self.package.registers:
            name = self.package.registers.instance.name
            steps += [(AXI_LITE, name, tool) for tool in self.tools]
        inputs = {**self._inputs, "session": session, "verilog": verilog}
        return [Task(STEP, STEP_VERSION, self.spec(*step), inputs) for step in steps]

    def spec(self, kind: str, instance: str, simulator: str) -> dict[str, Any]:
        """All that the results of a step depend on, beside the time that it takes."""
        options = self.options
        return {
            "kind": kind, "instance": instance, "simulator": simulator,
            "version": self.tools[simulator].version, "verilog": digest(self.sources[instance]),
            "records": digest(self._manifest[instance]), "own": self.folder is not None,
            "waves": options.waves, "seed": options.seed, "stall": options.stall,
            "coverage": options.coverage, "code_coverage": options.code_coverage,
        }

    def step(self, spec: Mapping[str, Any]) -> list[BenchResult]:
        """Results of a step; a ValueError where what it depends on has changed since."""
        kind, name, tool = spec["kind"], spec["instance"], self.tools[spec["simulator"]]
        if self.spec(kind, name, tool.name) != spec:
            raise ValueError(f"Verilog, vectors or {tool.name} have changed since {name} was to be "
                             "simulated")
        if kind == AXI_LITE:
            assert self.package and self.package.registers
            return self._axi_lite(self.package.registers, tool)
        entry = next(entry for entry in self.entries if entry.instance.name == name)
        return {PROTOCOL: self._protocol, REPLAY: self._replay}[kind](entry, tool)

    def _run(
        self, tasks: Sequence[Task], report: Report | None, cluster: Cluster, store: Store
    ) -> list[BenchResult]:
        results: dict[str, list[BenchResult]] = {}

        def ended(trial: Trial) -> None:
            results[trial.task.key] = [
                self._here(BenchResult.of(data)) for data in result(trial)["results"]]
            if report:
                report(results[trial.task.key], len(results), len(tasks))

        run(tasks, store, cluster, retry_failed=True, each=ended)
        return [one for task in tasks for one in results[task.key]]

    def _here(self, result: BenchResult) -> BenchResult:
        """Files are named as this process names ``out``, whatever process wrote them."""
        there, here = str(self.out.absolute()), str(self.out)
        return replace(
            result, error=result.error.replace(there, here),
            log=result.log and Path(str(result.log).replace(there, here)),
            waves=result.waves and Path(str(result.waves).replace(there, here)))

    def _axi_lite(self, registers: RegisterMap, tool: Tool) -> list[BenchResult]:
        name = top_name(registers)
        bench = AxiBench(
            registers, self.sources[registers.instance.name], tool, self.out / tool.name / name,
            seed=self.options.seed, waves=self.options.waves)
        return bench.run()

    def _monitor(self, instance: Instance) -> Monitor | None:
        if not self.options.coverage:
            return None
        own = self.folder is not None
        return Monitor.of(instance, self.sources[instance.name], own=own)

    def _replay(self, entry: Entry, tool: Tool) -> list[BenchResult]:
        bench = {"replay.sv": Path(entry.bench).read_text(encoding="utf-8")}
        monitor, top = self.monitors[entry.instance.name], f"{entry.instance.name}_replay"
        if monitor is not None:
            bench, top = bench | monitor.over_replay(), monitor.top
        return [replay.run(self._bench(entry, tool, builds.REPLAY, bench, top), self.bundle)]

    def _protocol(self, entry: Entry, tool: Tool) -> list[BenchResult]:
        monitor, top = self.monitors[entry.instance.name], f"{entry.instance.name}_axis"
        bench: dict[str, str] = {}
        if monitor is not None:
            bench, top = monitor.over_unit(), monitor.top
        return protocol.run(self._bench(entry, tool, builds.PROTOCOL, bench, top))

    def _bench(
        self, entry: Entry, tool: Tool, kind: str, bench: dict[str, str], top: str
    ) -> Bench:
        """Compiled, with what a run of it must know: how long it took, and what it measures."""
        options, name = self.options, entry.instance.name
        counted = options.code_coverage and tool.name == "verilator"
        started = time.perf_counter()
        build = builds.build(
            tool,
            self.sources[name] | bench,
            top,
            kind=kind,
            waves=options.waves,
            code_coverage=counted,
        )
        return Bench(
            entry,
            tool,
            build,
            self.out / tool.name / name,
            seed=options.seed,
            stall=options.stall,
            throughput=self.folder is None,
            build_seconds=0.0 if build.cached else time.perf_counter() - started,
            monitor=self.monitors[name],
            counted=self.sources[name] if counted else None,
        )


def selected(instances: Sequence[Instance], units: Sequence[str]) -> list[Instance]:
    """Those of these names of instances or units, all where none is given; ValueError for another.
    """
    chosen: list[Instance] = []
    for name in units:
        matching = [one for one in instances if name in (one.name, one.unit.name)]
        if not matching:
            known = ", ".join(one.name for one in instances)
            raise ValueError(f"Unit must be one of the bundle's ({known}), not {name!r}")
        chosen += [one for one in matching if one not in chosen]
    return chosen or list(instances)


def _verilog_folder(package: Package | None, folder: str | Path | None) -> Path | None:
    """Where Verilog lies that is not what vit2rtl generates; of a package, edited or not."""
    if folder is not None or package is None:
        return None if folder is None else Path(folder)
    generated = sources(package.instance, package.registers)
    texts = {name: package.rtl / name for name in generated}
    same = all(path.is_file() and path.read_text(encoding="utf-8") == generated[name]
               for name, path in texts.items())
    return None if same else package.rtl


def _sources(
    instance: Instance, folder: Path | None, package: Package | None
) -> dict[str, str]:
    """File name -> text of an instance's Verilog: generated, or all that the folder has."""
    registers = package.registers if package else None
    if folder is None:
        return sources(instance, registers)
    if not folder.is_dir():
        raise ValueError(f"Verilog folder {folder} does not exist")
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    needed = [f"{instance.name}_axis", *([top_name(registers)] if registers else [])]
    for module in needed:
        if not any(re.search(rf"\bmodule\s+{module}\b", text) for text in texts.values()):
            raise ValueError(f"No file in {folder} has a module {module}")
    return texts

"""The regression of a bundle: every bench of every instance on every simulator asked for."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

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
from vit2rtl.sim.run.results import BenchResult
from vit2rtl.sim.tools import builds, processes
from vit2rtl.sim.tools.claimed import claimed
from vit2rtl.sim.tools.simulators import SIMULATORS, Tool, cocotb, find

SUFFIXES = (".v", ".sv", ".vh", ".svh")  # the last two for `include

# Called with the results of one step, and how many steps are done, of how many.
Report = Callable[[list[BenchResult], int, int], None]
Step = Callable[[], list[BenchResult]]


@dataclass(frozen=True)
class Options:
    """What of a bundle is simulated, and how.

    simulators      ``icarus``, ``verilator``; one that is missing here is a ValueError
    units           instance or unit names to run; all of the bundle's by default
    verilog_folder  Verilog to use in place of what vit2rtl generates (all its .v, .sv, .vh, .svh)
    out             folder for logs and waves
    stall           percentage of idle cycles and of back pressure in the replay benches, 0..99
    jobs            benches to run at a time
    protocol        protocol benches as well, beside the replay of all records
    coverage        collect functional coverage: ``BenchResult.coverage``; of your own Verilog, of
                    whose pipeline nothing is known, at its ports
    code_coverage   count lines and toggles in Verilator: ``BenchResult.code_coverage``
    """

    simulators: Sequence[str] = SIMULATORS
    units: Sequence[str] = ()
    verilog_folder: str | Path | None = None
    out: str | Path | None = None
    waves: bool = False
    seed: int = 0
    stall: int = 0
    jobs: int = 1
    protocol: bool = True
    coverage: bool = False
    code_coverage: bool = False

    def tools(self) -> list[Tool]:
        """The simulators; a ValueError says which option makes no sense, or what to install."""
        if not 0 <= self.stall <= 99:
            raise ValueError(f"Stall must be between 0 and 99, not {self.stall!r}")
        if self.jobs < 1:
            raise ValueError(f"Jobs must be at least 1, not {self.jobs!r}")
        tools = [_usable(name) for name in dict.fromkeys(self.simulators)]
        if not tools:
            raise ValueError(f"Simulator must be one of {', '.join(SIMULATORS)}, not none")
        if self.code_coverage and not any(tool.name == "verilator" for tool in tools):
            raise ValueError("Code coverage needs Verilator, and only Icarus is to run")
        return tools


def run_regression(
    bundle: str | Path, *, report: Report | None = None, **options: Any
) -> list[BenchResult]:
    """Replay a bundle through its units' Verilog; results in a fixed order.

    bundle   folder of a golden-vector bundle, or of an IP package: its vectors go through its own
             Verilog, and its AXI4-Lite top has benches beside; validated before anything runs
    report   called with (list of the results of one step, done, total) as they come in
    options  those of :class:`Options`
    """
    regression = Regression(bundle, Options(**options))
    return regression.run(report)


class Regression:
    """A bundle's instances with their Verilog and what is to be run of them."""

    def __init__(self, bundle: str | Path, options: Options) -> None:
        self.options = options
        self.tools = options.tools()
        self.package = read_package(bundle)
        self.folder = _verilog_folder(self.package, options.verilog_folder)
        vectors = read_bundle(self.package.vectors if self.package else bundle)
        self.bundle = vectors.path
        chosen = selected([entry.instance for entry in vectors.entries], options.units)
        by_name = {entry.instance.name: entry for entry in vectors.entries}
        self.entries = [by_name[instance.name] for instance in chosen]
        self.sources = {
            e.instance.name: _sources(e.instance, self.folder, self.package) for e in self.entries
        }
        self.out = Path(options.out or "simulation")
        self.monitors = {e.instance.name: self._monitor(e.instance) for e in self.entries}

    def run(self, report: Report | None = None) -> list[BenchResult]:
        """An error or an interrupt ends all simulators; a ValueError where ``out`` is in use."""
        with claimed(self.out):
            return self._run(report)

    def _run(self, report: Report | None) -> list[BenchResult]:
        steps: list[Step] = [
            partial(step, entry, tool)
            for tool in self.tools
            for entry in self.entries
            for step in ((self._protocol,) if self.options.protocol else ()) + (self._replay,)
        ]
        if self.package and self.package.registers:
            steps += [partial(self._axi_lite, self.package.registers, tool) for tool in self.tools]
        results: dict[int, list[BenchResult]] = {}

        def done(n: int, result: list[BenchResult]) -> None:
            results[n] = result
            if report:
                report(result, len(results), len(steps))

        processes.run_all(steps, self.options.jobs, done)
        return [result for n in sorted(results) for result in results[n]]

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


def _usable(name: str) -> Tool:
    driver = cocotb()
    if not driver.usable:
        raise ValueError(f"Cocotb cannot be used here: {driver.remedy}")
    return find(name)


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

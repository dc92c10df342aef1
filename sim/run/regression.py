"""The regression of a bundle: every bench of every instance on every simulator asked for."""

import re
import time
from functools import partial
from pathlib import Path

from vit2rtl.golden.vectors.bundle import read_bundle
from vit2rtl.rtl import verilog
from vit2rtl.sim.coverage.monitor import Monitor
from vit2rtl.sim.run import protocol, replay
from vit2rtl.sim.tools import builds, processes
from vit2rtl.sim.tools.simulators import SIMULATORS, cocotb, find

SUFFIXES = (".v", ".sv", ".vh", ".svh")  # the last two for `include


def run_regression(
    bundle,
    *,
    simulators=SIMULATORS,
    units=(),
    verilog_folder=None,
    out=None,
    waves=False,
    seed=0,
    stall=0,
    jobs=1,
    coverage=False,
    code_coverage=False,
    report=None,
):
    """Replay a bundle through its units' Verilog; ``list[BenchResult]``, in a fixed order.

    bundle          folder of a golden-vector bundle; validated before anything runs
    simulators      ``icarus``, ``verilator``; one that is missing here is a ValueError
    units           instance or unit names to run; all of the bundle's by default
    verilog_folder  Verilog to use in place of what vit2rtl generates (all its .v, .sv, .vh, .svh)
    out             folder for logs and waves (default: ``simulation``)
    stall           percentage of idle cycles and of back pressure in the replay benches, 0..99
    jobs            benches to run at a time
    coverage        collect functional coverage: ``BenchResult.coverage``; of your own Verilog, of
                    whose pipeline nothing is known, at its ports
    code_coverage   count lines and toggles in Verilator: ``BenchResult.code_coverage``
    report          called with (list of the results of one step, done, total) as they come in
    """
    if not 0 <= stall <= 99:
        raise ValueError(f"Stall must be between 0 and 99, not {stall!r}")
    if jobs < 1:
        raise ValueError(f"Jobs must be at least 1, not {jobs!r}")
    tools = [_find(name) for name in dict.fromkeys(simulators)]
    if not tools:
        raise ValueError(f"Simulator must be one of {', '.join(SIMULATORS)}, not none")
    if code_coverage and not any(tool.name == "verilator" for tool in tools):
        raise ValueError("Code coverage needs Verilator, and only Icarus is to run")
    vectors = read_bundle(bundle)
    entries = _selected(vectors.entries, units)
    sources = {e.instance.name: _sources(e.instance, verilog_folder) for e in entries}
    out = Path(out or "simulation")
    out.mkdir(parents=True, exist_ok=True)

    monitors = dict.fromkeys(sources)
    if coverage:
        own = verilog_folder is not None
        for e in entries:
            monitors[e.instance.name] = Monitor.of(e.instance, sources[e.instance.name], own=own)

    def built(entry, tool, bench, top, kind):
        """The build, and what a run of it must know: how long it took, and what it measures."""
        name, monitor = entry.instance.name, monitors[entry.instance.name]
        if monitor is not None:
            over = monitor.over_replay if kind == builds.REPLAY else monitor.over_unit
            bench, top = bench | over(), monitor.top
        counted = code_coverage and tool.name == "verilator"
        options = {"kind": kind, "waves": waves, "code_coverage": counted}
        started = time.perf_counter()
        build = builds.build(tool, sources[name] | bench, top, **options)
        return build, {
            "build_seconds": 0.0 if build.cached else time.perf_counter() - started,
            "monitor": monitor,
            "counted": sources[name] if counted else None,
        }

    def replay_step(entry, tool, folder):
        bench = {"replay.sv": Path(entry.bench).read_text(encoding="utf-8")}
        build, known = built(entry, tool, bench, f"{entry.instance.name}_replay", builds.REPLAY)
        settings = {"bundle": vectors.path, "seed": seed, "stall": stall}
        return [replay.run(entry, tool, build, folder, **settings, **known)]

    def protocol_step(entry, tool, folder):
        build, known = built(entry, tool, {}, f"{entry.instance.name}_axis", builds.PROTOCOL)
        settings = {"seed": seed, "throughput": verilog_folder is None}
        return protocol.run(entry, tool, build, folder, **settings, **known)

    steps = [
        (step, entry, tool, out / tool.name / entry.instance.name)
        for tool in tools
        for entry in entries
        for step in (protocol_step, replay_step)
    ]
    return _run(steps, jobs, report or (lambda results, done, total: None))


def _run(steps, jobs, report):
    """Results in the order of the steps; an error or an interrupt ends all simulators."""
    results = {}

    def done(n, result):
        results[n] = result
        report(result, len(results), len(steps))

    processes.run_all([partial(*step) for step in steps], jobs, done)
    return [result for n in sorted(results) for result in results[n]]


def _find(name):
    driver = cocotb()
    if not driver.usable:
        raise ValueError(f"Cocotb cannot be used here: {driver.remedy}")
    return find(name)


def _selected(entries, units):
    chosen = []
    for name in units:
        matching = [e for e in entries if name in (e.instance.name, e.instance.unit.name)]
        if not matching:
            known = ", ".join(entry.instance.name for entry in entries)
            raise ValueError(f"Unit must be one of the bundle's ({known}), not {name!r}")
        chosen += [entry for entry in matching if entry not in chosen]
    return chosen or entries


def _sources(instance, folder):
    """File name -> text of an instance's Verilog: generated, or all that the folder has."""
    if folder is None:
        return verilog.convert(instance)
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"Verilog folder {folder} does not exist")
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    sources = {path.name: path.read_text(encoding="utf-8") for path in files}
    if not any(re.search(rf"\bmodule\s+{instance.name}_axis\b", t) for t in sources.values()):
        raise ValueError(f"No file in {folder} has a module {instance.name}_axis")
    return sources

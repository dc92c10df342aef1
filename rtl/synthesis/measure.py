"""Measures a design on a device: cells by yosys, clock by nextpnr with several seeds."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from vit2rtl.rtl.synthesis.component_design import ComponentDesign
from vit2rtl.rtl.synthesis.designs import Design
from vit2rtl.rtl.synthesis.devices import Device
from vit2rtl.rtl.synthesis.engine_design import EngineDesign
from vit2rtl.rtl.synthesis.place import place
from vit2rtl.rtl.synthesis.table import Key, Row
from vit2rtl.rtl.verilog import yosys


@dataclass(frozen=True)
class Task:
    """What to measure: a design on a device.

    ``fabric`` leaves out multiplier blocks and block RAM. ``seeds`` is how often to place and
    route, 0 for not at all; without effect where the device has no placer.
    """

    design: Design | EngineDesign | ComponentDesign
    device: Device
    seeds: int = 3
    fabric: bool = False

    @property
    def key(self) -> Key:
        """What tells a measurement from all others in a table."""
        return self.design.name, self.device.name, self.fabric

    @property
    def runs(self) -> int:
        """Place-and-route runs."""
        return self.seeds if self.device.placer else 0

    @property
    def stem(self) -> str:
        """How files of this task begin."""
        return ".".join([self.design.name, self.device.name, *(["fabric"] if self.fabric else [])])


def _silent(text: str) -> None:
    pass


def measure(
    task: Task, folder: str | Path, *, advance: Callable[[str], None] = _silent
) -> Row:
    """One measurement as a dict that JSON holds; intermediate files appear in ``folder``.

    advance   called before each run of a tool, with what runs
    returns   see :func:`row`
    raises    YosysError, PlaceError, ValueError where a tool is missing
    """
    advance(f"{task.design.name} on {task.device.name}")
    counts = counted(task, folder)
    clocks = []
    for seed in range(1, task.runs + 1):
        advance(f"{task.design.name} on {task.device.name}, seed {seed}")
        clocks.append(placed(task, folder, seed))
    return row(task, counts, clocks)


def counted(task: Task, folder: str | Path) -> dict[str, Any]:
    """Cells by the device's names, digest of the Verilog, yosys' name of itself; the netlist that
    :func:`placed` places is left in ``folder``."""
    folder = Path(folder)
    design, device = task.design, task.device
    synthesis = device.command(task.fabric)
    source, surround = f"{design.name}.v", f"{design.name}.harness.v"
    statistics, netlist = f"{task.stem}.cells.json", f"{task.stem}.netlist.json"
    around = design.harness if task.runs else None
    places_bare = task.runs and around is None
    log = yosys.run(
        f"read_verilog {source}\n{synthesis} -top {design.name}"
        f"{f' -json {netlist}' if places_bare else ''}\ntee -q -o {statistics} stat -json\n",
        folder,
        files={source: design.verilog},
    )
    (folder / f"{task.stem}.log").write_text(log, encoding="utf-8", newline="\n")
    counts = json.loads((folder / statistics).read_text(encoding="utf-8"))
    if around is not None:
        yosys.run(
            f"read_verilog {source} {surround}\n{synthesis} -top harness -json {netlist}\n",
            folder,
            files={surround: around},
        )
    return {"cells": device.count(counts["design"]["num_cells_by_type"]),
            "verilog": design.digest, "creator": counts["creator"]}


def placed(task: Task, folder: str | Path, seed: int) -> float:
    """Clock in MHz of the netlist in ``folder``, by one run of the placer."""
    return round(place(task.device, Path(folder) / f"{task.stem}.netlist.json", seed), 1)


def row(task: Task, counts: Mapping[str, Any], clocks: Sequence[float]) -> Row:
    """A row of the table: what :func:`counted` gave, and the clock of each seed.

    returns   unit is None for a reference without parameters, verilog a digest; cells by the
              device's names; fmax_mhz the median of the seeds, None where nothing was placed; date
              in ISO's form
    """
    design, device = task.design, task.device
    return {
        "instance": design.name,
        "source": design.source,
        "unit": design.unit,
        "parameters": dict(design.parameters),
        "verilog": counts["verilog"],
        "device": device.name,
        "fabric": task.fabric,
        "cells": counts["cells"],
        "fmax_mhz": round(median(clocks), 1) if clocks else None,
        "fmax_by_seed": [*clocks],
        "seeds": task.runs,
        "date": date.today().isoformat(),
        "tools": _tools(counts["creator"], device if task.runs else None),
    }


def _tools(creator: str, placed_on: Device | None) -> str:
    """``amaranth 0.5.10, yosys 0.70, nextpnr-ecp5 0.11.1``: of Verilog, netlist, clock."""
    (yosys_version,) = re.findall(r"[0-9.]+", creator)[:1]
    tools = [f"amaranth {version('amaranth')}", f"yosys {yosys_version}"]
    if placed_on:
        package = version(f"yowasp-nextpnr-{placed_on.placer}")
        tools.append(f"nextpnr-{placed_on.placer} {'.'.join(package.split('.')[:3])}")
    return ", ".join(tools)

"""Measures a design on a device: cells by yosys, clock by nextpnr with several seeds."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

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

    design: Design | EngineDesign
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
    returns   unit is None for a reference without parameters, verilog a digest; cells by the
              device's names; fmax_mhz the median of the seeds, None where nothing was placed; date
              in ISO's form
    raises    YosysError, PlaceError, ValueError where a tool is missing
    """
    folder = Path(folder)
    design, device = task.design, task.device
    synthesis = device.command(task.fabric)
    source, surround = f"{design.name}.v", f"{design.name}.harness.v"
    statistics, netlist = f"{task.stem}.cells.json", f"{task.stem}.netlist.json"
    around = design.harness if task.runs else None
    places_bare = task.runs and around is None
    advance(f"{design.name} on {device.name}")
    log = yosys.run(
        f"read_verilog {source}\n{synthesis} -top {design.name}"
        f"{f' -json {netlist}' if places_bare else ''}\ntee -q -o {statistics} stat -json\n",
        folder,
        files={source: design.verilog},
    )
    (folder / f"{task.stem}.log").write_text(log, encoding="utf-8", newline="\n")
    counts = json.loads((folder / statistics).read_text(encoding="utf-8"))
    clocks = []
    if around is not None:
        yosys.run(
            f"read_verilog {source} {surround}\n{synthesis} -top harness -json {netlist}\n",
            folder,
            files={surround: around},
        )
    for seed in range(1, task.runs + 1):
        advance(f"{design.name} on {device.name}, seed {seed}")
        clocks.append(round(place(device, folder / netlist, seed), 1))
    return {
        "instance": design.name,
        "source": design.source,
        "unit": design.unit,
        "parameters": design.parameters,
        "verilog": design.digest,
        "device": device.name,
        "fabric": task.fabric,
        "cells": device.count(counts["design"]["num_cells_by_type"]),
        "fmax_mhz": round(median(clocks), 1) if clocks else None,
        "fmax_by_seed": clocks,
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

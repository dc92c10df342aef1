"""Measures a design on a device: cells by yosys, clock by nextpnr with several seeds."""

import json
import re
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

from vit2rtl.rtl.synthesis.designs import unit_of
from vit2rtl.rtl.synthesis.harness import harness
from vit2rtl.rtl.synthesis.place import place
from vit2rtl.rtl.verilog import yosys


@dataclass(frozen=True)
class Task:
    """What to measure: a design on a device.

    ``fabric`` leaves out multiplier blocks and block RAM. ``seeds`` is how often to place and
    route, 0 for not at all; without effect where the device has no placer.
    """

    design: object
    device: object
    seeds: int = 3
    fabric: bool = False

    @property
    def key(self):
        """What tells a measurement from all others in a table."""
        return self.design.name, self.device.name, self.fabric

    @property
    def runs(self):
        """Place-and-route runs."""
        return self.seeds if self.device.placer else 0

    @property
    def stem(self):
        """How files of this task begin."""
        return ".".join([self.design.name, self.device.name, *(["fabric"] if self.fabric else [])])


def measure(task, folder, *, advance=lambda text: None):
    """One measurement as a dict that JSON holds; intermediate files appear in ``folder``.

    advance   called before each run of a tool, with what runs
    returns   instance, source, unit (None for a MAC lane), parameters, verilog (digest), device,
              fabric, cells (by the device's names), fmax_mhz (median of the seeds, or None),
              fmax_by_seed, seeds, date (ISO), tools
    raises    YosysError, PlaceError, ValueError where a tool is missing
    """
    folder, design, device = Path(folder), task.design, task.device
    synthesis = device.command(task.fabric)
    source, surround = f"{design.name}.v", f"{design.name}.harness.v"
    statistics, netlist = f"{task.stem}.cells.json", f"{task.stem}.netlist.json"
    advance(f"{design.name} on {device.name}")
    log = yosys.run(
        f"read_verilog {source}\n{synthesis} -top {design.name}\n"
        f"tee -q -o {statistics} stat -json\n",
        folder,
        files={source: design.verilog},
    )
    (folder / f"{task.stem}.log").write_text(log, encoding="utf-8", newline="\n")
    found = json.loads((folder / statistics).read_text(encoding="utf-8"))
    clocks = []
    if task.runs:
        yosys.run(
            f"read_verilog {source} {surround}\n{synthesis} -top harness -json {netlist}\n",
            folder,
            files={surround: harness(design.name, design.signature)},
        )
    for seed in range(1, task.runs + 1):
        advance(f"{design.name} on {device.name}, seed {seed}")
        clocks.append(round(place(device, folder / netlist, seed), 1))
    return {
        "instance": design.name,
        "source": design.source,
        "unit": unit_of(design.source),
        "parameters": design.parameters,
        "verilog": design.digest,
        "device": device.name,
        "fabric": task.fabric,
        "cells": device.count(found["design"]["num_cells_by_type"]),
        "fmax_mhz": round(median(clocks), 1) if clocks else None,
        "fmax_by_seed": clocks,
        "seeds": task.runs,
        "date": date.today().isoformat(),
        "tools": _tools(found["creator"], device if task.runs else None),
    }


def _tools(creator, placed_on):
    """``amaranth 0.5.10, yosys 0.70, nextpnr-ecp5 0.11.1``: what made Verilog, netlist, clock."""
    tools = [f"amaranth {version('amaranth')}", f"yosys {re.search(r'[0-9.]+', creator)[0]}"]
    if placed_on:
        package = version(f"yowasp-nextpnr-{placed_on.placer}")
        tools.append(f"nextpnr-{placed_on.placer} {'.'.join(package.split('.')[:3])}")
    return ", ".join(tools)

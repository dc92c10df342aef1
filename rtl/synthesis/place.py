"""Runs nextpnr: the ``yowasp-nextpnr-*`` of this environment, on one netlist and one seed."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vit2rtl.rtl.synthesis.devices import Device

_START = (
    "import sys, yowasp_nextpnr_{0} as nextpnr; sys.exit(nextpnr.run_nextpnr_{0}(sys.argv[1:]))"
)


class PlaceError(ValueError):
    """A netlist that nextpnr did not place and route, in one sentence."""


def place(device: "Device", netlist: str | Path, seed: int) -> float:
    """Place and route a netlist; the clock that it reaches, in MHz.

    device   of :data:`~vit2rtl.rtl.synthesis.devices.DEVICES`, one with a placer
    netlist  Path of yosys' JSON; ``STEM.seedN.json`` and ``STEM.seedN.log`` appear beside it
    seed     int, of the placer
    raises   PlaceError with nextpnr's last error, ValueError where it is not installed
    """
    package = f"yowasp_nextpnr_{device.placer}"
    if find_spec(package) is None:
        raise ValueError(f"{package.replace('_', '-')} is not installed: "
                         "pip install 'vit2rtl[hardware]'")
    netlist = Path(netlist)
    stem = f"{netlist.stem}.seed{seed}"
    report = netlist.with_name(f"{stem}.json")
    done = subprocess.run(
        [
            *(sys.executable, "-c", _START.format(device.placer), *device.placer_options),
            *("--json", netlist.name, "--seed", str(seed), "--report", report.name),
        ],
        cwd=netlist.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    report.with_suffix(".log").write_text(done.stdout, encoding="utf-8", newline="\n")
    if done.returncode:
        errors = [line[7:] for line in done.stdout.splitlines() if line.startswith("ERROR: ")]
        reason = (errors or done.stdout.split("\n")[-2:-1] or ["no output"])[-1]
        raise PlaceError(f"nextpnr-{device.placer} failed: {reason}")
    clocks = json.loads(report.read_text(encoding="utf-8"))["fmax"]
    return min(clock["achieved"] for clock in clocks.values())

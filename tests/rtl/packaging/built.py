"""What tests of packages share: rows and claims for a data sheet, and tools run in a package."""

import json
import os
import re
import subprocess
from types import SimpleNamespace

from vit2rtl.sim.tools import simulators

CLAIM = SimpleNamespace(
    property="nothing is lost", status="proved", scope="every width", method="induction"
)
AREA = {
    "instance": "one", "device": "ecp5", "cells": {"LUT4": 17, "MULT18X18D": 0},
    "fmax_mhz": 123.4, "date": "2026-01-02", "tools": "yosys 1, nextpnr 2",
}


def name_of(folder):
    return json.loads((folder / "manifest.json").read_text())["instance"]


def run(*command, cwd):
    tool = simulators.find("verilator")
    return subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True,
        env={**os.environ, **tool.environment},
    )


def lint(folder, top, *options):
    """Verilator's rules that have something to say."""
    done = run(
        simulators.find("verilator").path, "--lint-only", "-Wall", *options,
        "-F", f"{name_of(folder)}.f", "--top-module", top, cwd=folder,
    )
    return set(re.findall(r"^%\w+-(\w+):", done.stderr, re.MULTILINE)) | (
        {"error"} if done.returncode and "-" not in done.stderr else set()
    )

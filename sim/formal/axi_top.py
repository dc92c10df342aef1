"""Proves the AXI4-Lite top of a package: handshakes and registers, for any number of cycles."""

import time
from collections.abc import Mapping
from pathlib import Path

from vit2rtl.rtl.packaging.register_map import RegisterMap
from vit2rtl.rtl.packaging.sources import sources, top_name
from vit2rtl.rtl.verilog import yosys
from vit2rtl.sim.formal import axi_harness
from vit2rtl.sim.formal.properties import FAILED, OPEN, PROVED, Outcome, trace

PROPERTY = "AXI4-Lite and registers"
SEARCHED = 8  # cycles from reset that are searched where the induction does not carry

_SCRIPT = """
read_verilog -noblackbox {name}.v unit.v
read_verilog -sv -formal {define} harness.v
hierarchy -check -top {top}
proc
flatten
setundef -undriven -expose {top}
opt -full
async2sync
dffunmap
opt -full
sat -set-assumes -prove-asserts {steps} -show-public -dump_vcd trace.vcd {top}
"""
_INDUCTION = "-tempinduct -maxsteps 2"
_SEARCH = f"-tempinduct -tempinduct-baseonly -maxsteps {SEARCHED}"


def prove(
    register_map: RegisterMap, folder: Path, *, verilog: Mapping[str, str] | None = None,
    timeout: int = 300,
) -> Outcome:
    """Prove the top of a lane-wise unit without channel tables; others are a ValueError.

    folder   where the scripts, harness, logs and counterexample are left
    verilog  file name -> text, in place of what vit2rtl generates
    timeout  seconds for the solver; beyond them nothing is claimed
    """
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    name = top_name(register_map)
    harness = axi_harness.harness(register_map)
    texts = verilog or sources(register_map.instance, register_map)
    files = {f"{name}.v": texts[f"{name}.v"],
             "unit.v": axi_harness.unknown_unit(register_map.instance), "harness.v": harness.text}
    log = _solved("", _INDUCTION, name, files, folder, timeout)
    status = PROVED if "SUCCESS!" in log else OPEN
    if status != PROVED:
        log = _solved("-DOUTWARD", _SEARCH, name, files, folder, timeout)
        status = FAILED if "FAIL!" in log else OPEN
    seconds = round(time.monotonic() - started, 2)
    if status != FAILED:
        return Outcome(PROPERTY, name, status, seconds)
    cycles = trace(log)
    failures = {check: meaning for check, meaning in harness.checks.items()
                if cycles[-1].get(f"check_{check}") == "0"}
    return Outcome(PROPERTY, name, FAILED, seconds, failures, cycles, folder / "trace.vcd")


def _solved(
    define: str, steps: str, name: str, files: Mapping[str, str], folder: Path, timeout: int
) -> str:
    """The solver's log."""
    script = _SCRIPT.format(name=name, define=define, top=axi_harness.TOP, steps=steps)
    kind = f"prove{define.lower()}"
    try:
        log = yosys.run(script, folder, files={**files, f"{kind}.ys": script}, timeout=timeout)
    except yosys.YosysTimeout:
        log = "Interrupted\n"
    (folder / f"{kind}.log").write_text(log, encoding="utf-8")
    return log

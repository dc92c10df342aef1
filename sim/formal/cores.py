"""Components within a unit: what their face claims, for all inputs, held until the result is there.

A unit that keeps rows answers after more cycles than a solver can look at. Its arithmetic is in
components of their own, which are proved apart: their Verilog stands in a module ``claims`` of the
unit's face, beside the definition. Inputs are the solver's and stay; from reset the clock runs
until all stages have them, and in the last of these cycles the claims hold.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl.verilog import yosys
from vit2rtl.rtl.verilog.exporter import modules
from vit2rtl.sim.units import FACES
from vit2rtl.sim.units.face import Core

TOP = "claims"
_SCRIPT = """
read_verilog {sources}
read_verilog -sv -formal harness.v
hierarchy -check -top {top}
proc
flatten
{free}
memory -nomap
memory_map
opt -full
async2sync
dffunmap
opt -full
sat -set-assumes -prove-asserts -seq {cycles} -show-public -dump_vcd trace.vcd {top}
"""
# Undriven nets would become x.
_FREE = f"delete {TOP}/t:$mul\nsetundef -undriven -expose {TOP}"


def core_of(instance: Instance, name: str) -> Core:
    """A core of the unit's face by its name."""
    return FACES[instance.unit.name].cores[name]


def sources(core: Core, instance: Instance) -> dict[str, str]:
    """File name -> Verilog of the components that the claims are about."""
    return {f"{name}.v": modules(name, component)[0]
            for name, component in core.components(instance).items()}


def prove(
    instance: Instance, name: str, folder: Path, *, verilog: Mapping[str, str] | None = None,
    timeout: int = 300,
) -> tuple[str, str, float]:
    """(``proved``, ``failed`` or ``open``; the solver's log; seconds) of a core.

    verilog   in place of what vit2rtl generates
    """
    start = time.monotonic()
    core = core_of(instance, name)
    texts = dict(verilog or sources(core, instance))
    script = _SCRIPT.format(
        sources=" ".join(texts), top=TOP, cycles=core.cycles, free=_FREE if core.free else "")
    harness = f"{core.claims(instance)}\n"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        log = yosys.run(script, folder, files={**texts, "harness.v": harness, "prove.ys": script},
                        timeout=timeout)
    except yosys.YosysTimeout:
        log = "Interrupted\n"
    (folder / "prove.log").write_text(log, encoding="utf-8")
    status = "failed" if "FAIL!" in log else "proved" if "SUCCESS!" in log else "open"
    return status, log, round(time.monotonic() - start, 2)

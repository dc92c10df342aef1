"""Proves the properties of an instance, and says what a counterexample looks like."""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from vit2rtl.rtl import latency, verilog
from vit2rtl.rtl.verilog import yosys
from vit2rtl.sim.formal import function, stream, transparent

PROVED, FAILED, OPEN = "proved", "failed", "open"
STREAM, FUNCTION = "stream contract", "function"

_REFERENCE = """
read_verilog -sv -formal {define} harness.v
read_rtlil {transparent}.il
hierarchy -check -top {top}
proc -norom
flatten
"""
# Registers begin with any value; only the harness knows whether there was a reset.
_STREAM = """
read_rtlil unit.il
read_verilog -sv {name}_axis.v
{reference}
{free}
opt -full
async2sync
dffunmap
opt -full
sat -set-assumes -prove-asserts {steps} {shown} {top}
"""
_FUNCTION = """
{reference}
{free}
chformal -lower
opt -full
sat -set-assumes -prove-asserts {shown} {top}
"""
# Undriven nets would become x, and an assumption on x allows nothing at all.
_FREE = "delete {top}/t:$mul\nsetundef -undriven -expose {top}"
_SHOWN = "-show-public -dump_vcd trace.vcd"
_INDUCTION = "-tempinduct -maxsteps 2"
_SEARCH = "-tempinduct -tempinduct-baseonly -maxsteps {steps}"
_ROW = re.compile(r"^\s+(\d+ )?\\(\S+)\s+(-?\d+|--)\s+(\w+|--)\s+([01x]+)\s*$")


@dataclass(frozen=True)
class Outcome:
    """What became of one property: ``status`` is proved, failed or open.

    Open means that nothing is known: the time limit, or an induction that does not carry.

    ``failures`` maps each violated check to its meaning; ``trace`` has a dict of signal values
    (hex) for each cycle of the counterexample, ``waves`` its VCD file.
    ``elements`` counts what was simulated.
    """

    property: str
    instance: str
    status: str
    seconds: float
    failures: dict[str, str] = field(default_factory=dict)
    trace: list[dict[str, str]] = field(default_factory=list)
    waves: Path | None = None
    elements: int | None = None


def prove(instance, name, folder, *, sources=None, timeout=300):
    """Prove one property, :data:`STREAM` or :data:`FUNCTION`, of an instance; an :class:`Outcome`.

    folder   where the scripts, harness, logs and counterexample are left
    sources  Verilog by file name, in place of what vit2rtl generates
    timeout  seconds for the solver; beyond them nothing is claimed
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sources = sources or verilog.convert(instance)
    start = time.monotonic()
    method, proof, search = (
        (stream, _STREAM, _SEARCH) if name == STREAM else (function, _FUNCTION, None)
    )
    text, checks, unclear = method.harness(instance, sources, folder)
    files = {**sources, "harness.v": text}
    log = ""
    if not unclear:
        log = _solve(instance, method.TOP, proof, folder, files, timeout, steps=_INDUCTION)
    status = PROVED if "SUCCESS!" in log else FAILED if "FAIL!" in log else OPEN
    if status != PROVED and search:
        # The induction may fail from a state that no reset leads to: look for one that is reached.
        steps = search.format(steps=2 * latency(instance) + 4)
        log = _solve(instance, method.TOP, proof, folder, files, timeout, "-DOUTWARD", steps)
        status = FAILED if "FAIL!" in log else OPEN
    seconds = round(time.monotonic() - start, 2)
    if status != FAILED:
        reasons = {"structure": unclear} if unclear else {}
        return Outcome(name, instance.name, status, seconds, reasons)
    trace = _trace(log)
    failures = {
        check: meaning
        for check, meaning in checks.items()
        if trace[-1].get(f"check_{check}") == "0"
    }
    return Outcome(name, instance.name, FAILED, seconds, failures, trace, folder / "trace.vcd")


def _solve(instance, top, proof, folder, files, timeout, define="", steps=""):
    reference = _REFERENCE.format(top=top, transparent=transparent.NAME, define=define)
    script = proof.format(
        name=instance.name,
        reference=reference,
        top=top,
        steps=steps,
        shown=_SHOWN,
        free=_FREE.format(top=top)
        if top == stream.TOP or "product_0" in files["harness.v"]
        else "",
    )
    files = {**files, f"prove{define.lower()}.ys": script}
    try:
        log = yosys.run(script, folder, files=files, timeout=timeout)
    except yosys.YosysTimeout:
        log = "Interrupted\n"
    if "assume cell: 1'x" in log:
        raise ValueError(f"{instance.name}: an assumption of the harness has no value")
    (folder / f"prove{define.lower()}.log").write_text(log, encoding="utf-8")
    return log


def _trace(log):
    """The solver's table as a dict for each cycle: signals of the harness by name, in hex."""
    cycles = {}
    for line in log.splitlines():
        match = _ROW.match(line)
        if match and "." not in match[2]:
            cycles.setdefault(int(match[1] or 1), {})[match[2]] = match[4]
    return [cycles[n] for n in sorted(cycles)]

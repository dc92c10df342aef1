"""Proves the properties of an instance, and says what a counterexample looks like."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl import latency, verilog
from vit2rtl.rtl.verilog import yosys
from vit2rtl.sim.formal import bounded, collisions, cores, function, stream, transparent
from vit2rtl.sim.formal.harness import Harness
from vit2rtl.sim.units.face import FUNCTION, STREAM

PROVED, BOUNDED, FAILED, OPEN = "proved", "bounded", "failed", "open"

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
    """What became of one property: ``status`` is proved, bounded, failed or open.

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


def bound(
    instance: Instance,
    name: str,
    folder: Path,
    *,
    cycles: int,
    sources: Mapping[str, str] | None = None,
    timeout: int = 300,
) -> Outcome:
    """Contract and function of a unit over rows, for so many cycles from reset: see ``bounded``.

    name   :data:`STREAM` for the contract alone
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = sources or verilog.convert(instance)
    status, log, checks, seconds = bounded.prove(
        instance, texts, folder, cycles=cycles, timeout=timeout, contract=name == STREAM
    )
    if status != FAILED:
        return Outcome(name, instance.name, status, seconds)
    steps = trace(log)
    failures = {c: meaning for c, meaning in checks.items()
                if steps[-1].get(f"check_{c}") == "0"}
    failures |= {signal: collisions.MEANING for signal, value in steps[-1].items()
                 if signal.endswith(f".{collisions.NAME}") and value == "1"}
    waves = folder / "trace.vcd"
    return Outcome(name, instance.name, FAILED, seconds, failures, steps, waves)


def prove_core(
    instance: Instance,
    name: str,
    folder: Path,
    *,
    sources: Mapping[str, str] | None = None,
    timeout: int = 300,
) -> Outcome:
    """The claims of a core of the unit's face: see ``cores``."""
    folder = Path(folder)
    status, log, seconds = cores.prove(instance, name, folder, verilog=sources, timeout=timeout)
    if status != FAILED:
        return Outcome(name, instance.name, status, seconds)
    waves = folder / "trace.vcd"
    failures = {"claims": "the component gives what its definition says"}
    return Outcome(name, instance.name, FAILED, seconds, failures, trace(log), waves)


def prove(
    instance: Instance,
    name: str,
    folder: Path,
    *,
    sources: Mapping[str, str] | None = None,
    timeout: int = 300,
) -> Outcome:
    """Prove one property, :data:`STREAM` or :data:`FUNCTION`, of an instance.

    folder   where the scripts, harness, logs and counterexample are left
    sources  Verilog by file name, in place of what vit2rtl generates
    timeout  seconds for the solver; beyond them nothing is claimed
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    proof = Proof(instance, name, folder, sources or verilog.convert(instance), timeout)
    log = proof.established()
    status = PROVED if "SUCCESS!" in log else FAILED if "FAIL!" in log else OPEN
    if status != PROVED and proof.inductive:
        log = proof.searched()
        status = FAILED if "FAIL!" in log else OPEN
    return proof.outcome(status, log, round(time.monotonic() - start, 2))


class Proof:
    """One property of one instance, with what the solver is given."""

    def __init__(
        self,
        instance: Instance,
        name: str,
        folder: Path,
        sources: Mapping[str, str],
        timeout: int,
    ) -> None:
        self.instance, self.name, self.folder, self.timeout = instance, name, folder, timeout
        methods = {STREAM: (stream, _STREAM), FUNCTION: (function, _FUNCTION)}
        method, self.script = methods[name]
        self.inductive = name == STREAM
        self.harness: Harness = method.harness(instance, sources, folder)
        self.files = {**sources, "harness.v": self.harness.text}

    def established(self) -> str:
        """Log of the proof itself; empty where it cannot be tried."""
        return "" if self.harness.unclear else self._solve("", _INDUCTION)

    def searched(self) -> str:
        """Log of a search for a counterexample that can be reached from reset.

        An induction may fail from a state to which no reset leads.
        """
        return self._solve("-DOUTWARD", _SEARCH.format(steps=2 * latency(self.instance) + 4))

    def outcome(self, status: str, log: str, seconds: float) -> Outcome:
        """What became of it, with the checks that the counterexample violates."""
        name = self.instance.name
        if status != FAILED:
            reasons = {"structure": self.harness.unclear} if self.harness.unclear else {}
            return Outcome(self.name, name, status, seconds, reasons)
        cycles = trace(log)
        failures = {
            check: meaning
            for check, meaning in self.harness.checks.items()
            if cycles[-1].get(f"check_{check}") == "0"
        }
        waves = self.folder / "trace.vcd"
        return Outcome(self.name, name, FAILED, seconds, failures, cycles, waves)

    def _solve(self, define: str, steps: str) -> str:
        top = self.harness.top
        script = self.script.format(
            name=self.instance.name,
            reference=_REFERENCE.format(top=top, transparent=transparent.NAME, define=define),
            top=top,
            steps=steps,
            shown=_SHOWN,
            free=_FREE.format(top=top) if self.harness.free else "",
        )
        files = {**self.files, f"prove{define.lower()}.ys": script}
        try:
            log = yosys.run(script, self.folder, files=files, timeout=self.timeout)
        except yosys.YosysTimeout:
            log = "Interrupted\n"
        if "assume cell: 1'x" in log:
            raise ValueError(f"{self.instance.name}: an assumption of the harness has no value")
        (self.folder / f"prove{define.lower()}.log").write_text(log, encoding="utf-8")
        return log


def trace(log: str) -> list[dict[str, str]]:
    """The solver's table as a dict for each cycle: signals of the harness by name, in hex.

    Of what is within the unit, only whether a memory breaks its promise.
    """
    cycles: dict[int, dict[str, str]] = {}
    for line in log.splitlines():
        match = _ROW.match(line)
        if match and ("." not in match[2] or match[2].endswith(f".{collisions.NAME}")):
            cycles.setdefault(int(match[1] or 1), {})[match[2]] = match[4]
    return [cycles[n] for n in sorted(cycles)]

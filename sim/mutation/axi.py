"""Mutants of the AXI4-Lite top of a package: of what it puts around the unit, which has its own."""

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from vit2rtl.farm.run import Cluster, result, run
from vit2rtl.farm.store import Store, Trial
from vit2rtl.farm.task import Task, digest
from vit2rtl.rtl.packaging.register_map import RegisterMap
from vit2rtl.rtl.packaging.sources import sources, top_name
from vit2rtl.sim.axi.job import task
from vit2rtl.sim.axi.pins import Pins, bench_top
from vit2rtl.sim.axi.run import BENCHES
from vit2rtl.sim.mutation.netlist import Design, Mutant, selection_bits
from vit2rtl.sim.mutation.run import SOURCES, Report, proved, staged
from vit2rtl.sim.mutation.score import Score
from vit2rtl.sim.run.cocotb_run import run_cocotb
from vit2rtl.sim.tools import builds
from vit2rtl.sim.tools.simulators import Tool, find

MODULE = "vit2rtl.sim.axi.mutants"
CHANNELS = 8  # of the tables: few, since a solver reads them as registers
BATCH = 30  # mutants of one simulation
JOB = "job.json"
# Raised where a bench judges otherwise than before.
VERDICTS, VERDICTS_VERSION = f"{__name__}:verdicts", 1
# Inputs are free: limits of a unit's domain are on what software writes, and so on no port.
_ANYTHING = "module environment (output assumed);\n  assign assumed = 1'b1;\nendmodule\n"


@dataclass(frozen=True)
class MutatedTop:
    """An AXI4-Lite top with mutants in it; an input ``mutant`` selects one of them, 0 none.

    ``sources``      file name -> text, with the wrapper that benches drive
    ``btor``, ``assumptions``  as of :class:`~vit2rtl.sim.mutation.netlist.MutatedNetlist`
    """

    registers: RegisterMap
    mutants: tuple[Mutant, ...]
    sources: dict[str, str]
    btor: str
    assumptions: str


def design(registers: RegisterMap, verilog: Mapping[str, str] | None = None) -> Design:
    """The top around its unit; ``verilog`` in place of what is generated."""
    texts = verilog or sources(registers.instance, registers)
    return Design(top_name(registers), texts, _ANYTHING, kept=registers.instance.name)


def mutated(
    registers: RegisterMap, mutants: Sequence[Mutant], verilog: Mapping[str, str] | None = None
) -> MutatedTop:
    """The :class:`MutatedTop` with these mutants, numbered from 1."""
    name = top_name(registers)
    text, btor, assumptions = design(registers, verilog).written(mutants, name)
    wrapper = Pins.of(registers, selection_bits(mutants)).wrapper(registers)
    files = {f"{name}.v": text, f"{bench_top(registers)}.v": wrapper}
    return MutatedTop(registers, tuple(mutants), files, btor, assumptions)


def score(
    top: MutatedTop, *, simulator: str = "verilator", seed: int = 0,
    cluster: Cluster | None = None, store: Store | None = None, report: Report | None = None,
) -> Score:
    """The :class:`Score` of the benches of the top; what survives goes to the solver.

    cluster, store, report   as of :func:`vit2rtl.sim.mutation.run.score`; :data:`BATCH` mutants
                             are a task
    raises                   ValueError where the circuit without a mutant fails
    """
    started = time.perf_counter()
    report = report or (lambda phase, done, total: None)
    numbers = list(range(1, len(top.mutants) + 1))
    judged = dict(zip(numbers, _judged(top, simulator, seed, cluster, store, report), strict=True))
    killed = {bench: [n for n in numbers if judged[n] == bench] for bench in BENCHES}
    left, equivalent = proved(top, [n for n in numbers if not judged[n]], report)
    instance = top.registers.instance
    return Score(
        instance=top_name(top.registers),
        unit=instance.unit.name,
        parameters=dict(instance.parameters),
        mutants=top.mutants,
        killed=killed,
        equivalent=equivalent,
        survivors=left,
        seconds=time.perf_counter() - started,
    )


def _judged(
    top: MutatedTop, simulator: str, seed: int, cluster: Cluster | None, store: Store | None,
    report: Report,
) -> list[str]:
    """The bench that fails for each mutant, or nothing: a simulation of some is a task."""
    job = task(top.registers, seed, mutants=selection_bits(top.mutants))
    numbers = list(range(1, len(top.mutants) + 1))
    common = {"top": bench_top(top.registers), "netlist": digest(dict(top.sources)),
              "job": digest(job), "simulator": simulator}
    judged = 0

    def ended(trial: Trial) -> None:
        nonlocal judged
        judged += len(result(trial)["benches"])
        report("simulation", judged, len(numbers))

    with staged(top.sources, store) as (folder, verdicts):
        (folder / JOB).write_text(json.dumps(job), encoding="utf-8")
        tasks = [Task(VERDICTS, VERDICTS_VERSION, {**common, "numbers": numbers[n : n + BATCH]},
                      {"folder": str(folder)}) for n in range(0, len(numbers), BATCH)]
        trials = run(tasks, verdicts, cluster, retry_failed=True, each=ended)
    return [bench for trial in trials for bench in result(trial)["benches"]]


def verdicts(spec: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """``{"benches": [the one that fails for each of the numbers, or ""]}``: a task of the farm.

    folder   with the sources of the top, and the job of its benches
    raises   ValueError where the circuit without a mutant fails
    """
    tool, job = _opened(folder, spec["top"], spec["simulator"])
    found: dict[int, str] = {}
    with tempfile.TemporaryDirectory(prefix="vit2rtl-mutants-") as place:
        while len(found) < len(spec["numbers"]):
            rest = [n for n in spec["numbers"] if n not in found]
            cases, error, _ = run_cocotb(
                {**job, "numbers": rest}, Path(place), Path(place, "log"), tool)
            found |= {case["number"]: case["bench"] for case in cases if case["number"]}
            if not cases or cases[0]["bench"]:
                why = cases[0]["problems"] if cases else error
                raise ValueError(f"The circuit without a mutant fails: no score; {why}")
            if len(cases) <= len(rest):  # the simulator ended in the middle of this one
                found[rest[len(cases) - 1]] = BENCHES[0]
    return {"benches": [found[number] for number in spec["numbers"]]}


@cache
def _opened(folder: str, top: str, simulator: str) -> tuple[Tool, dict[str, Any]]:
    """The simulator, and the job with the compiled benches: of all simulations of a process."""
    tool = find(simulator)
    texts = {path.name: path.read_text(encoding="utf-8")
             for path in Path(folder, SOURCES).iterdir()}
    build = builds.build(tool, texts, top, kind=builds.PROTOCOL)
    job = json.loads(Path(folder, JOB).read_bytes())
    return tool, {**job, "module": MODULE, "simulator": simulator, "top": build.top,
                  "build": str(build.folder), "waves": "", "plusargs": [], "benches": BENCHES}

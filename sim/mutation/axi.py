"""Mutants of the AXI4-Lite top of a package: of what it puts around the unit, which has its own."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vit2rtl.rtl.packaging.register_map import RegisterMap
from vit2rtl.rtl.packaging.sources import sources, top_name
from vit2rtl.sim.axi.job import task
from vit2rtl.sim.axi.pins import Pins, bench_top
from vit2rtl.sim.axi.run import BENCHES
from vit2rtl.sim.mutation.netlist import Design, Mutant, selection_bits
from vit2rtl.sim.mutation.run import Report, proved
from vit2rtl.sim.mutation.score import Score
from vit2rtl.sim.run.cocotb_run import run_cocotb
from vit2rtl.sim.tools import builds, processes
from vit2rtl.sim.tools.simulators import find

MODULE = "vit2rtl.sim.axi.mutants"
CHANNELS = 8  # of the tables: few, since a solver reads them as registers
BATCH = 30  # mutants of one simulation
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
    top: MutatedTop, *, simulator: str = "verilator", seed: int = 0, jobs: int = 1,
    report: Report | None = None,
) -> Score:
    """The :class:`Score` of the benches of the top; what survives goes to the solver.

    report  called with (phase, done, total)
    raises  ValueError where the circuit without a mutant fails
    """
    started = time.perf_counter()
    report = report or (lambda phase, done, total: None)
    numbers = list(range(1, len(top.mutants) + 1))
    with tempfile.TemporaryDirectory(prefix="vit2rtl-mutate-") as folder:
        verdicts = dict(_judged(top, Path(folder), simulator, seed, jobs, report))
    killed = {bench: [n for n in numbers if verdicts[n] == bench] for bench in BENCHES}
    left, equivalent = proved(top, [n for n in numbers if not verdicts[n]], report)
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
    top: MutatedTop, folder: Path, simulator: str, seed: int, jobs: int, report: Report
) -> Iterator[tuple[int, str]]:
    """(number, the bench that fails for it, or nothing) of every mutant."""
    tool = find(simulator)
    build = builds.build(tool, top.sources, bench_top(top.registers), kind=builds.PROTOCOL)
    job = {
        **task(top.registers, seed, mutants=selection_bits(top.mutants)),
        "module": MODULE, "simulator": simulator, "top": build.top,
        "build": str(build.folder), "waves": "", "plusargs": [], "benches": BENCHES,
    }
    numbers = list(range(1, len(top.mutants) + 1))
    batches = [numbers[n : n + BATCH] for n in range(0, len(numbers), BATCH)]
    results: list[dict[int, str]] = []

    def done(n: int, result: dict[int, str]) -> None:
        results.append(result)
        report("simulation", sum(map(len, results)), len(numbers))

    def batch(number: int, chosen: list[int]) -> dict[int, str]:
        place = folder / f"batch_{number}"
        place.mkdir()
        verdicts: dict[int, str] = {}
        while len(verdicts) < len(chosen):
            rest = [n for n in chosen if n not in verdicts]
            cases, error, _ = run_cocotb({**job, "numbers": rest}, place, place / "log", tool)
            verdicts |= {case["number"]: case["bench"] for case in cases if case["number"]}
            if not cases or cases[0]["bench"]:
                why = cases[0]["problems"] if cases else error
                raise ValueError(f"The circuit without a mutant fails: no score; {why}")
            if len(cases) <= len(rest):  # the simulator ended in the middle of this one
                verdicts[rest[len(cases) - 1]] = BENCHES[0]
        return verdicts

    steps = [partial(batch, n, chosen) for n, chosen in enumerate(batches)]
    processes.run_all(steps, jobs, done)
    for result in results:
        yield from result.items()


"""Runs the benches of a package's AXI4-Lite top: registers, traffic, reset (cocotb)."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vit2rtl.rtl.packaging.register_map import RegisterMap
from vit2rtl.rtl.packaging.sources import top_name
from vit2rtl.sim.axi.job import declared, task
from vit2rtl.sim.axi.pins import Pins, bench_top
from vit2rtl.sim.run.cocotb_run import Cases, run_cocotb
from vit2rtl.sim.run.results import BenchResult, Mismatch
from vit2rtl.sim.tools import builds
from vit2rtl.sim.tools.simulators import Tool

BENCHES = ("registers", "traffic", "reset")
MODULE = "vit2rtl.sim.axi.bench"
KIND = "axi"  # of logs and waves
DETAILS, DETAILS_PER_CASE = 10, 3


@dataclass(frozen=True)
class AxiBench:
    """The benches of one top in one simulator.

    sources   file name -> Verilog of the top and all below it
    folder    of logs, waves and results
    seed      of everything random
    first     stop at the first case that fails
    """

    registers: RegisterMap
    sources: Mapping[str, str]
    tool: Tool
    folder: Path
    seed: int = 0
    waves: bool = False
    first: bool = False

    @property
    def top(self) -> str:
        return top_name(self.registers)

    def run(self) -> list[BenchResult]:
        """A result for each of ``BENCHES``; the first has the coverage of all."""
        started = time.perf_counter()
        build = self._build()
        built = 0.0 if build.cached else time.perf_counter() - started
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / f"{KIND}.log"
        log.unlink(missing_ok=True)
        cases, error, seconds = run_cocotb(self._job(build), self.folder, log, self.tool)
        return list(self._results(cases, error, seconds, built, log))

    def _build(self) -> builds.Build:
        bench = {f"{bench_top(self.registers)}.v": Pins.of(self.registers).wrapper(self.registers)}
        return builds.build(self.tool, {**self.sources, **bench}, bench_top(self.registers),
                            kind=builds.PROTOCOL, waves=self.waves)

    def _job(self, build: builds.Build) -> dict[str, Any]:
        return {
            **task(self.registers, self.seed),
            "module": MODULE,
            "simulator": self.tool.name,
            "top": build.top,
            "build": str(build.folder),
            "waves": f"{KIND}.fst" if self.waves else "",
            "plusargs": [],
            "first": self.first,
        }

    def _results(
        self, cases: Cases, error: str, seconds: float, built: float, log: Path
    ) -> Iterator[BenchResult]:
        beats = sum(case["beats"] for case in cases) or 1
        hits = sum((Counter(case["hits"]) for case in cases), Counter[str]())
        for name in BENCHES:
            own = [case for case in cases if case["bench"] == name]
            share = sum(case["beats"] for case in own)
            first = name == BENCHES[0]
            yield BenchResult(
                simulator=self.tool.name,
                bench=name,
                instance=self.top,
                beats=share,
                mismatches=sum(len(case["problems"]) for case in own),
                seconds=seconds * share / beats,
                build_seconds=built if first else 0.0,
                details=tuple(self._details(own)),
                error=error,
                log=log,
                waves=self.folder / f"{KIND}.fst" if self.waves else None,
                cases=len(own),
                coverage={bin_: hits[bin_] for bin_ in declared(self.registers)} if first else None,
            )

    def _details(self, cases: Cases) -> Iterator[Mismatch]:
        shown = [(case, problem) for case in cases
                 for problem in case["problems"][:DETAILS_PER_CASE]]
        for case, problem in shown[:DETAILS]:
            got, want = (f"{problem[key]:#x}" if problem[key] is not None else ""
                         for key in ("got", "want"))
            yield Mismatch(self.top, f"{problem['problem']}, pauses: {case['case']}",
                           got=got, want=want)

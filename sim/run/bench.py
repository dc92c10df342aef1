"""A bench that has been compiled, and what a run of it has to know and to measure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.vectors.bundle_contents import Entry
from vit2rtl.sim.coverage import code_coverage, functional
from vit2rtl.sim.coverage.code_coverage import Counts
from vit2rtl.sim.coverage.monitor import Monitor
from vit2rtl.sim.tools.builds import Build
from vit2rtl.sim.tools.simulators import Tool


class Measured(TypedDict):
    """Coverage of one run, as :class:`~vit2rtl.sim.run.results.BenchResult` has it."""

    coverage: dict[str, int] | None
    code_coverage: Counts | None


@dataclass(frozen=True)
class Bench:
    """One bench of one instance in one simulator.

    folder         of its logs, waves and results
    seed           of everything random in it
    stall          percentage of idle cycles and of back pressure in a replay, 0..99
    throughput     whether a beat is asked for in every cycle
    build_seconds  0 where the build was in the cache
    monitor        of functional coverage, in the build
    counted        ``{file: text}`` of which the build counts lines and toggles
    """

    entry: Entry
    tool: Tool
    build: Build
    folder: Path
    seed: int = 0
    stall: int = 0
    throughput: bool = True
    build_seconds: float = 0.0
    monitor: Monitor | None = None
    counted: Mapping[str, str] | None = None

    @property
    def instance(self) -> Instance:
        return self.entry.instance

    @property
    def log(self) -> Path:
        return self.folder / f"{self.build.kind}.log"

    @property
    def waves(self) -> Path | None:
        return self.folder / f"{self.build.kind}.fst" if self.build.waves else None

    @property
    def _counts(self) -> Path:
        return self.folder / f"{self.build.kind}.dat"

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)

    def plusargs(self) -> list[str]:
        """Those that ask the simulation to measure."""
        functional = [] if self.monitor is None else [f"+coverage={self.build.kind}"]
        code = [] if self.counted is None else [code_coverage.argument(self._counts.name)]
        return [*functional, *code]

    def measured(self) -> Measured:
        """What the simulation has written down; its files are removed."""
        hits = counts = None
        if self.monitor is not None:
            hits = functional.collect(self.monitor, self.folder / self.build.kind)
        if self.counted is not None:
            counts = code_coverage.collect(self._counts, self.counted)
        return {"coverage": hits, "code_coverage": counts}

"""What of a bundle a regression simulates, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vit2rtl.sim.tools.simulators import SIMULATORS, Tool, cocotb, find


@dataclass(frozen=True)
class Options:
    """Options of :func:`vit2rtl.sim.run.regression.run_regression`.

    simulators      ``icarus``, ``verilator``; one that is missing here is a ValueError
    units           instance or unit names to run; all of the bundle's by default
    verilog_folder  Verilog to use in place of what vit2rtl generates (all its .v, .sv, .vh, .svh)
    out             folder for logs and waves
    stall           percentage of idle cycles and of back pressure in the replay benches, 0..99
    jobs            benches to run at a time, where no cluster runs them
    protocol        protocol benches as well, beside the replay of all records
    coverage        collect functional coverage: ``BenchResult.coverage``; of your own Verilog, of
                    whose pipeline nothing is known, at its ports
    code_coverage   count lines and toggles in Verilator: ``BenchResult.code_coverage``
    """

    simulators: Sequence[str] = SIMULATORS
    units: Sequence[str] = ()
    verilog_folder: str | Path | None = None
    out: str | Path | None = None
    waves: bool = False
    seed: int = 0
    stall: int = 0
    jobs: int = 1
    protocol: bool = True
    coverage: bool = False
    code_coverage: bool = False

    def tools(self) -> list[Tool]:
        """The simulators; a ValueError says which option makes no sense, or what to install."""
        if not 0 <= self.stall <= 99:
            raise ValueError(f"Stall must be between 0 and 99, not {self.stall!r}")
        if self.jobs < 1:
            raise ValueError(f"Jobs must be at least 1, not {self.jobs!r}")
        tools = [_usable(name) for name in dict.fromkeys(self.simulators)]
        if not tools:
            raise ValueError(f"Simulator must be one of {', '.join(SIMULATORS)}, not none")
        if self.code_coverage and not any(tool.name == "verilator" for tool in tools):
            raise ValueError("Code coverage needs Verilator, and only Icarus is to run")
        return tools


def _usable(name: str) -> Tool:
    driver = cocotb()
    if not driver.usable:
        raise ValueError(f"Cocotb cannot be used here: {driver.remedy}")
    return find(name)

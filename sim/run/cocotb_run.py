"""Runs cocotb benches in a process of their own, and reads what each case came to."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from cocotb_tools.check_results import get_results

from vit2rtl.sim.tools import processes
from vit2rtl.sim.tools.simulators import Tool

RUN_SECONDS = 900
RESULTS, JUNIT = "cases.jsonl", "cocotb.xml"

# What a user's shell or an outer pytest may have set, and a bench must not be changed by.
_FOREIGN = ("PYTEST_CURRENT_TEST", "WAVES", "GUI", "COCOTB_TESTCASE", "COCOTB_TEST_FILTER")

Cases = list[dict[str, Any]]


def run_cocotb(
    job: dict[str, Any], folder: Path, log: Path, tool: Tool
) -> tuple[Cases, str, float]:
    """(what each case wrote down, why there is no verdict or "", seconds) of one simulation.

    job     all that the simulator's process needs, as JSON holds it, but for the paths that are
            added here: see ``cocotb_launch``
    folder  where it runs; exists
    """
    folder = folder.resolve()
    job |= {"folder": str(folder), "results": str(folder / RESULTS), "junit": str(folder / JUNIT)}
    job_file = folder / "job.json"
    job_file.write_text(json.dumps(job, indent=1), encoding="utf-8")
    for old in (folder / RESULTS, folder / JUNIT):
        old.unlink(missing_ok=True)
    started = time.perf_counter()
    status = processes.run(
        [sys.executable, "-m", "vit2rtl.sim.run.cocotb_launch", job_file],
        log=log,
        timeout=RUN_SECONDS,
        cwd=folder,
        env={**dict.fromkeys(_FOREIGN), **tool.environment},
    )
    seconds = time.perf_counter() - started
    cases = _cases(folder / RESULTS)
    return cases, _error(status, folder / JUNIT, cases, log), seconds


def _cases(path: Path) -> Cases:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _error(status: int | None, xml: Path, cases: Cases, log: Path) -> str:
    """Why there is no verdict; a failed test with its violations on record is one."""
    if status is None:
        return f"stopped after {RUN_SECONDS} s, see {log}"
    try:
        tests, failed = get_results(xml)
    except RuntimeError:
        return f"the simulator ended early, see {log}: {processes.tail(log, 3, ' | ')}"
    violated = sum(bool(case["problems"]) for case in cases)
    if tests != len(cases) or failed != violated or not tests:
        return f"{tests} tests ran, {len(cases)} came to a verdict, see {log}"
    return ""

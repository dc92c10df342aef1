"""Runs the protocol benches of one instance: stalls, reset, throughput (cocotb)."""

import json
import random
import sys
import time
from pathlib import Path

from cocotb_tools.check_results import get_results

from vit2rtl import rtl
from vit2rtl.golden.vectors import packing
from vit2rtl.sim.coverage import code_coverage
from vit2rtl.sim.coverage import functional as coverage
from vit2rtl.sim.run.results import BenchResult, mismatches_of
from vit2rtl.sim.tools import processes
from vit2rtl.sim.tools.builds import PROTOCOL

BENCHES = ("stalls", "reset", "throughput")
RUN_SECONDS = 900
LATENCY = 32  # cycles that a unit may take beyond one a beat
DETAILS, DETAILS_PER_CASE = 10, 2
RESULTS, JUNIT = "cases.jsonl", "cocotb.xml"

# What a user's shell or an outer pytest may have set, and a bench must not be changed by.
_FOREIGN = ("PYTEST_CURRENT_TEST", "WAVES", "GUI", "COCOTB_TESTCASE", "COCOTB_TEST_FILTER")


def run(
    entry,
    tool,
    build,
    folder,
    *,
    seed,
    build_seconds=0.0,
    throughput=True,
    monitor=None,
    counted=None,
):
    """``list[BenchResult]``, one for each of ``BENCHES``; the first has the coverage of all.

    monitor   the :class:`~vit2rtl.sim.coverage.monitor.Monitor` in the build, to collect coverage
    counted   ``{file: text}`` of which the build counts lines and toggles
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "protocol.log"
    waves = folder / "protocol.fst" if build.waves else None
    job = _job(entry, tool, build, folder, seed, waves, throughput)
    counts = folder / f"{PROTOCOL}.dat"
    job["plusargs"] = [] if monitor is None else [f"+coverage={PROTOCOL}"]
    job["plusargs"] += [] if counted is None else [code_coverage.argument(counts.name)]
    job_file = folder.resolve() / "job.json"
    job_file.write_text(json.dumps(job, indent=1), encoding="utf-8")
    for old in (log, folder / RESULTS, folder / JUNIT):
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
    measured = {
        "coverage": None if monitor is None else coverage.collect(monitor, folder / PROTOCOL),
        "code_coverage": None if counted is None else code_coverage.collect(counts, counted),
    }
    cases = _cases(folder / RESULTS)
    error = _error(status, folder / JUNIT, cases, log)
    beats = sum(case["beats"] for case in cases) or 1
    results = []
    for bench in BENCHES if throughput else BENCHES[:-1]:
        mine = [case for case in cases if case["bench"] == bench]
        share = sum(case["beats"] for case in mine)
        results.append(
            BenchResult(
                simulator=tool.name,
                bench=bench,
                instance=entry.instance.name,
                beats=share,
                mismatches=sum(len(case["problems"]) for case in mine),
                seconds=seconds * share / beats,
                build_seconds=build_seconds if bench == BENCHES[0] else 0.0,
                details=tuple(_details(entry, mine)),
                error=error,
                log=log,
                waves=waves,
                cases=len(mine),
                **(measured if bench == BENCHES[0] else {}),
            )
        )
    return results


def _job(entry, tool, build, folder, seed, waves, throughput):
    records = [
        {
            "record": record.name,
            "beats": record.beats,
            "configuration": record.configuration,
            "stimulus": str(Path(record.stimulus).resolve()),
            "expected": str(Path(record.expected).resolve()),
        }
        for record in entry.records
    ]
    random.Random(seed).shuffle(records)
    return {
        "simulator": tool.name,
        "top": build.top,
        "build": str(build.folder),
        "folder": str(folder.resolve()),
        "results": str(folder.resolve() / RESULTS),
        "junit": str(folder.resolve() / JUNIT),
        "seed": seed,
        "waves": waves.name if waves else "",
        "configuration": [field.name for field in entry.instance.configuration],
        "records": records,
        "throughput": throughput,
        "latency": LATENCY,
        "stages": rtl.latency(entry.instance),
    }


def _cases(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _error(status, xml, cases, log):
    """Why there is no verdict; a failed test with its violations on record is one."""
    if status is None:
        return f"stopped after {RUN_SECONDS} s, see {log}"
    try:
        tests, failed = get_results(xml)
    except RuntimeError:
        return f"the simulator ended early, see {log}: {processes.tail(log, 3, ' | ')}"
    found = sum(bool(case["problems"]) for case in cases)
    if tests != len(cases) or failed != found or not tests:
        return f"{tests} tests ran, {len(cases)} came to a verdict, see {log}"
    return ""


def _details(entry, cases):
    """The first problems, of several cases rather than all of one."""
    layers = {record.name: record.layer for record in entry.records}
    digits = packing.line_digits(packing.beat_bits(entry.instance.outputs, entry.instance.lanes))
    told = [(case, problem) for case in cases for problem in case["problems"][:DETAILS_PER_CASE]]
    for case, problem in told[:DETAILS]:
        got, want = (
            None if problem.get(key) is None else f"{problem[key]:0{digits}x}"
            for key in ("got", "want")
        )
        record = problem.get("label", "")
        yield from mismatches_of(
            entry.instance,
            problem=f"{problem['problem']} ({case['case'] or case['bench']})",
            layer=layers.get(record, ""),
            record=record,
            beat=problem.get("beat"),
            got=got,
            want=want,
        )

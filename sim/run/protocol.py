"""Runs the protocol benches of one instance: stalls, reset, throughput (cocotb)."""

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cocotb_tools.check_results import get_results

from vit2rtl import rtl
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_contents import Entry, Record, RecordStream
from vit2rtl.sim.run.bench import Bench, Measured
from vit2rtl.sim.run.results import BenchResult, Mismatch, Place, mismatches_of
from vit2rtl.sim.tools import processes
from vit2rtl.sim.units import FACES

BENCHES = ("stalls", "reset", "throughput")
RUN_SECONDS = 900
LATENCY = 32  # cycles that a unit may take beyond those of its beats
DETAILS, DETAILS_PER_CASE = 10, 2
RESULTS, JUNIT = "cases.jsonl", "cocotb.xml"
NOTHING: Measured = {"coverage": None, "code_coverage": None}

# What a user's shell or an outer pytest may have set, and a bench must not be changed by.
_FOREIGN = ("PYTEST_CURRENT_TEST", "WAVES", "GUI", "COCOTB_TESTCASE", "COCOTB_TEST_FILTER")

Cases = list[dict[str, Any]]


def run(bench: Bench) -> list[BenchResult]:
    """A result for each of ``BENCHES``; the first has the coverage of all."""
    bench.prepare()
    folder = bench.folder
    job_file = folder.resolve() / "job.json"
    job_file.write_text(json.dumps(job(bench), indent=1), encoding="utf-8")
    for old in (folder / RESULTS, folder / JUNIT):
        old.unlink(missing_ok=True)
    started = time.perf_counter()
    status = processes.run(
        [sys.executable, "-m", "vit2rtl.sim.run.cocotb_launch", job_file],
        log=bench.log,
        timeout=RUN_SECONDS,
        cwd=folder,
        env={**dict.fromkeys(_FOREIGN), **bench.tool.environment},
    )
    seconds = time.perf_counter() - started
    cases = _cases(folder / RESULTS)
    error = _error(status, folder / JUNIT, cases, bench.log)
    return list(_results(bench, cases, error, seconds))


def job(bench: Bench) -> dict[str, Any]:
    """All that the simulator's process needs, as JSON holds it.

    ``axi`` has the port prefix of each stream, ``stages`` those of the pipeline that a lane-wise
    unit is, ``interval`` cycles a beat; ``beatwise`` says that streams are cut at any beat.
    """
    instance, folder = bench.instance, bench.folder.resolve()
    records = [_record(record, instance) for record in bench.entry.records]
    random.Random(bench.seed).shuffle(records)
    return {
        "simulator": bench.tool.name,
        "top": bench.build.top,
        "build": str(bench.build.folder),
        "folder": str(folder),
        "results": str(folder / RESULTS),
        "junit": str(folder / JUNIT),
        "seed": bench.seed,
        "waves": bench.waves.name if bench.waves else "",
        "plusargs": bench.plusargs(),
        "configuration": [field.name for field in instance.configuration],
        "axi": {stream.name: stream.axi for stream in instance.streams},
        "tables": _names(instance.tables),
        "sources": _names(instance.sources),
        "sinks": _names(instance.sinks),
        "beatwise": _beatwise(instance),
        "records": records,
        "throughput": bench.throughput,
        "latency": LATENCY,
        "interval": FACES[instance.unit.name].interval,
        "stages": rtl.latency(instance) if instance.lane_wise else 0,
    }


def _names(streams: Sequence[Stream]) -> list[str]:
    return [stream.name for stream in streams]


def _beatwise(instance: Instance) -> bool:
    """Whether all streams of data go beat by beat: without rows, with as many lanes."""
    data = (*instance.sources, *instance.sinks)
    return not any(stream.rows for stream in data) and len({s.lanes for s in data}) == 1


def _record(record: Record, instance: Instance) -> dict[str, Any]:
    return {
        "record": record.name,
        "configuration": dict(record.configuration),
        "streams": {
            name: {
                "file": str(held.path.resolve()),
                "beats": held.beats,
                "row_beats": held.row_beats,
                "used": -1 if instance.lane_wise or held.stream.enters else _used(held),
            }
            for name, held in record.streams.items()
        },
    }


def _used(held: RecordStream) -> int:
    """Bits of a row's last beat that have elements."""
    lanes = held.columns - (held.row_beats - 1) * held.stream.lanes
    return (1 << lanes * held.stream.lane_bits) - 1


def _results(bench: Bench, cases: Cases, error: str, seconds: float) -> Iterator[BenchResult]:
    measured = bench.measured()
    beats = sum(case["beats"] for case in cases) or 1
    for name in BENCHES if bench.throughput else BENCHES[:-1]:
        own = [case for case in cases if case["bench"] == name]
        share = sum(case["beats"] for case in own)
        first = name == BENCHES[0]
        yield BenchResult(
            simulator=bench.tool.name,
            bench=name,
            instance=bench.instance.name,
            beats=share,
            mismatches=sum(len(case["problems"]) for case in own),
            seconds=seconds * share / beats,
            build_seconds=bench.build_seconds if first else 0.0,
            details=tuple(_details(bench.entry, own)),
            error=error,
            log=bench.log,
            waves=bench.waves,
            cases=len(own),
            **(measured if first else NOTHING),
        )


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


def _details(entry: Entry, cases: Cases) -> Iterator[Mismatch]:
    """The first problems, of several cases rather than all of one."""
    records = {record.name: record for record in entry.records}
    streams = {stream.name: stream for stream in entry.instance.streams}
    shown = [(case, problem) for case in cases for problem in case["problems"][:DETAILS_PER_CASE]]
    for case, problem in shown[:DETAILS]:
        stream = streams.get(problem.get("stream", ""))
        digits = packing.line_digits(stream.beat_bits) if stream else 0
        got, want = (
            f"{problem[key]:0{digits}x}" if key in problem else "" for key in ("got", "want")
        )
        name = problem.get("label", "")
        place = Place(entry.instance, stream, records.get(name), name, problem.get("beat"))
        text = f"{problem['problem']} ({case['case'] or case['bench']})"
        yield from mismatches_of(place, text, got, want)

"""Runs the protocol benches of one instance: stalls, reset, throughput (cocotb)."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from vit2rtl import rtl
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_contents import Entry, Record, RecordStream
from vit2rtl.sim.run.bench import Bench, Measured
from vit2rtl.sim.run.cocotb_run import Cases, run_cocotb
from vit2rtl.sim.run.results import BenchResult, Mismatch, Place, mismatches_of
from vit2rtl.sim.units import FACES

BENCHES = ("stalls", "reset", "throughput")
MODULE = "vit2rtl.sim.benches.protocol"
LATENCY = 32  # cycles that a unit may take beyond those of its beats
DETAILS, DETAILS_PER_CASE = 10, 2
NOTHING: Measured = {"coverage": None, "code_coverage": None}


def run(bench: Bench) -> list[BenchResult]:
    """A result for each of ``BENCHES``; the first has the coverage of all."""
    bench.prepare()
    cases, error, seconds = run_cocotb(job(bench), bench.folder, bench.log, bench.tool)
    return list(_results(bench, cases, error, seconds))


def job(bench: Bench) -> dict[str, Any]:
    """All that the simulator's process needs, as JSON holds it.

    ``axi`` has the port prefix of each stream, ``bits`` those of its beats, ``stages`` those of
    the pipeline that a lane-wise unit is, ``interval`` cycles a beat; ``beatwise`` says that
    streams are cut at any beat.
    """
    instance = bench.instance
    records = [_record(record, instance) for record in bench.entry.records]
    random.Random(bench.seed).shuffle(records)
    return {
        "module": MODULE,
        "simulator": bench.tool.name,
        "top": bench.build.top,
        "build": str(bench.build.folder),
        "seed": bench.seed,
        "waves": bench.waves.name if bench.waves else "",
        "plusargs": bench.plusargs(),
        "configuration": [field.name for field in instance.configuration],
        "axi": {stream.name: stream.axi for stream in instance.streams},
        "bits": {stream.name: stream.beat_bits for stream in instance.streams},
        "tables": _names(instance.tables),
        "sources": _names(instance.sources),
        "sinks": _names(instance.sinks),
        "beatwise": _beatwise(instance),
        "records": records,
        "throughput": bench.throughput,
        "latency": LATENCY + rtl.latency(instance),
        "interval": FACES[instance.unit.name].interval(instance),
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

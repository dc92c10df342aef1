"""Runs the replay bench of one instance: every record of a bundle, compared in HDL."""

import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vit2rtl.golden.vectors.bundle_contents import Entry
from vit2rtl.sim.run.bench import Bench
from vit2rtl.sim.run.results import BenchResult, Mismatch, Place, mismatches_of
from vit2rtl.sim.tools import processes
from vit2rtl.sim.tools.builds import REPLAY

SECONDS_PER_BEAT = {"icarus": 1e-2, "verilator": 1e-3}
SECONDS_AT_LEAST = 120

_VERDICT = re.compile(
    r"^(?P<word>PASS|FAIL) (?P<name>\S+) beats=(?P<beats>\d+) mismatches=(?P<mismatches>\d+)"
    r"(?: records=(?P<records>\d+))?(?: token=(?P<token>\w+))?(?: reason: (?P<reason>.*))?$",
    re.MULTILINE,
)
_MISMATCH = re.compile(
    r"^MISMATCH \S+ record=(\S+)(?: stream=(\S+))? beat=(\d+) got=(\S+) want=(\S+)"
    r"(?: got_last=(\S) want_last=(\S))?$",
    re.MULTILINE,
)


def run(bench: Bench, bundle: Path) -> BenchResult:
    """The result of ``<instance>_replay`` on the records of a bundle."""
    bench.prepare()
    token = secrets.token_hex(16)  # of this run, so that no text of the unit's passes for a verdict
    with _plain_path(bundle) as path:
        started = time.perf_counter()
        status = processes.run(
            [*_command(bench, path), f"+token={token}"],
            log=bench.log,
            timeout=_timeout(bench),
            cwd=bench.folder,
        )
        seconds = time.perf_counter() - started
    text = bench.log.read_text(encoding="utf-8", errors="replace")
    beats, mismatches, error, reason = _verdict(bench, text, status, token)
    details = _details(bench.entry, text)
    if reason:
        details += mismatches_of(Place(bench.instance), reason)
    return BenchResult(
        simulator=bench.tool.name,
        bench=REPLAY,
        instance=bench.instance.name,
        beats=beats,
        mismatches=mismatches,
        seconds=seconds,
        build_seconds=bench.build_seconds,
        details=tuple(details),
        error=error,
        log=bench.log,
        waves=bench.waves,
        **bench.measured(),
    )


def _verdict(
    bench: Bench, text: str, status: int | None, token: str
) -> tuple[int, int, str, str]:
    """Beats, mismatches, why there is no verdict, and a reason that is no mismatch."""
    log, verdicts = bench.log, list(_VERDICT.finditer(text))
    own = [verdict for verdict in verdicts if verdict["token"] == token]
    if status is None:
        return 0, 0, f"stopped after {_timeout(bench):.0f} s, see {log}", ""
    if not own or own[0]["name"] != bench.instance.name:
        ended = "the simulator ended without a verdict"
        if verdicts:
            ended += " of the bench's: the unit printed one and ended the simulation"
        return 0, 0, f"{ended}, see {log}: {processes.tail(log, 3, ' | ')}", ""
    verdict = own[0]
    beats, mismatches = int(verdict["beats"]), int(verdict["mismatches"])
    error = ""
    if verdict["word"] == "PASS":
        error = _doubt(bench, verdict, status)
    elif not mismatches:
        mismatches = 1
    reason = verdict["reason"]
    return beats, mismatches, error, "" if reason in (None, "mismatches") else reason


def _doubt(bench: Bench, verdict: re.Match[str], status: int) -> str:
    """Why a verdict of PASS is none: not all was replayed, or the simulator failed after it."""
    records = bench.entry.records
    wanted = {"beats": sum(record.beats for record in records), "records": len(records)}
    for what, count in wanted.items():
        if int(verdict[what] or 0) != count:
            return f"{verdict[what]} {what} were replayed, the bundle has {count}, see {bench.log}"
    return f"the simulator ended with status {status}, see {bench.log}" if status else ""


@contextmanager
def _plain_path(bundle: Path) -> Iterator[Path]:
    """The bundle's path in ASCII, through a link if need be: Icarus opens files of no other."""
    bundle = Path(bundle).resolve()
    if str(bundle).isascii():
        yield bundle
        return
    with tempfile.TemporaryDirectory(prefix="vit2rtl-") as folder:
        link = Path(folder) / "bundle"
        link.symlink_to(bundle)
        yield link


def _command(bench: Bench, bundle: Path) -> list[str | Path]:
    plusargs = [f"+bundle={bundle}", f"+stall={bench.stall}", f"+seed={bench.seed + 1}"]
    if bench.waves is not None:
        plusargs.append(f"+waves={bench.waves.name}")
    plusargs += bench.plusargs()
    if bench.tool.name == "verilator":
        return [bench.build.executable, *plusargs]
    if bench.tool.name == "icarus":
        vvp = Path(bench.tool.path).with_name("vvp")
        return [vvp, "-n", bench.build.program, "-fst" if bench.waves else "-none", *plusargs]
    raise ValueError(f"Simulator must be one of icarus, verilator, not {bench.tool.name!r}")


def _timeout(bench: Bench) -> float:
    beats = sum(record.beats for record in bench.entry.records)
    slowdown = 1 / (1 - min(bench.stall, 99) / 100) ** 2
    return SECONDS_AT_LEAST + beats * SECONDS_PER_BEAT[bench.tool.name] * slowdown


def _details(entry: Entry, text: str) -> list[Mismatch]:
    records = {record.name: record for record in entry.records}
    sinks = entry.instance.sinks
    details = []
    for name, stream, beat, got, want, *last in _MISMATCH.findall(text):
        sink = next((s for s in sinks if s.name == stream), sinks[0])
        record = records.get(name)
        place = Place(entry.instance, sink, record, name, int(beat))
        problem = "wrong value"
        if "x" in want:
            problem = "a beat came out that never went in"
        elif got == want:
            problem = "{}_tlast is {}, not {}".format(sink.axi, *last)
        details += mismatches_of(place, problem, got, want)
    return details

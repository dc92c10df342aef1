"""Runs the replay bench of one instance: every record of a bundle, compared in HDL."""

import re
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from vit2rtl.sim.coverage import code_coverage
from vit2rtl.sim.coverage import functional as coverage
from vit2rtl.sim.run.results import BenchResult, mismatches_of
from vit2rtl.sim.tools import processes
from vit2rtl.sim.tools.builds import REPLAY

SECONDS_PER_BEAT = {"icarus": 1e-2, "verilator": 1e-3}
SECONDS_AT_LEAST = 120

_VERDICT = re.compile(
    r"^(PASS|FAIL) (\S+) beats=(\d+) mismatches=(\d+)(?: reason: (.*))?", re.MULTILINE
)
_MISMATCH = re.compile(
    r"^MISMATCH \S+ record=(\S+) beat=(\d+) got=(\S+) want=(\S+)"
    r"(?: got_last=(\S) want_last=(\S))?$",
    re.MULTILINE,
)


def run(
    entry,
    tool,
    build,
    folder,
    *,
    bundle,
    seed,
    stall=0,
    build_seconds=0.0,
    monitor=None,
    counted=None,
):
    """The :class:`BenchResult` of ``<instance>_replay``.

    monitor   the :class:`~vit2rtl.sim.coverage.monitor.Monitor` in the build, to collect coverage
    counted   ``{file: text}`` of which the build counts lines and toggles
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{REPLAY}.log"
    log.unlink(missing_ok=True)
    waves = folder / f"{REPLAY}.fst" if build.waves else None
    measured = [] if monitor is None else [f"+coverage={REPLAY}"]
    counts = folder / f"{REPLAY}.dat"
    measured += [] if counted is None else [code_coverage.argument(counts.name)]
    with _plain_path(bundle) as path:
        started = time.perf_counter()
        status = processes.run(
            [*_command(tool, build, path, seed, stall, waves), *measured],
            log=log,
            timeout=_timeout(entry, tool, stall),
            cwd=folder,
        )
        seconds = time.perf_counter() - started
    text = log.read_text(encoding="utf-8", errors="replace")
    verdict = _VERDICT.search(text)
    beats, mismatches, error = 0, 0, ""
    details = _details(entry, text)
    if status is None:
        error = f"stopped after {_timeout(entry, tool, stall):.0f} s, see {log}"
    elif verdict is None or verdict[2] != entry.instance.name:
        error = f"the simulator ended without a verdict, see {log}: {processes.tail(log, 3, ' | ')}"
    else:
        beats, mismatches = int(verdict[3]), int(verdict[4])
        wanted = sum(record.beats for record in entry.records)
        if verdict[1] == "PASS" and (beats != wanted or mismatches):
            error = f"{beats} beats were replayed, the bundle has {wanted}, see {log}"
        if verdict[1] == "FAIL" and not mismatches:
            mismatches = 1
        if verdict[5] not in (None, "mismatches"):
            details += mismatches_of(entry.instance, problem=verdict[5])
    return BenchResult(
        simulator=tool.name,
        bench=REPLAY,
        instance=entry.instance.name,
        beats=beats,
        mismatches=mismatches,
        seconds=seconds,
        build_seconds=build_seconds,
        details=tuple(details),
        error=error,
        log=log,
        waves=waves,
        coverage=None if monitor is None else coverage.collect(monitor, folder / REPLAY),
        code_coverage=None if counted is None else code_coverage.collect(counts, counted),
    )


@contextmanager
def _plain_path(bundle):
    """The bundle's path in ASCII, through a link if need be: Icarus opens files of no other."""
    bundle = Path(bundle).resolve()
    if str(bundle).isascii():
        yield bundle
        return
    with tempfile.TemporaryDirectory(prefix="vit2rtl-") as folder:
        link = Path(folder) / "bundle"
        link.symlink_to(bundle)
        yield link


def _command(tool, build, bundle, seed, stall, waves):
    plusargs = [f"+bundle={bundle}", f"+stall={stall}", f"+seed={seed + 1}"]
    if waves is not None:
        plusargs.append(f"+waves={waves.name}")
    if tool.name == "icarus":
        vvp = Path(tool.path).with_name("vvp")
        return [vvp, "-n", build.program, *(["-fst"] if waves else ["-none"]), *plusargs]
    return [build.executable, *plusargs]


def _timeout(entry, tool, stall):
    beats = sum(record.beats for record in entry.records)
    slowdown = 1 / (1 - min(stall, 99) / 100) ** 2
    return SECONDS_AT_LEAST + beats * SECONDS_PER_BEAT[tool.name] * slowdown


def _details(entry, text):
    layers = {record.name: record.layer for record in entry.records}
    details = []
    for record, beat, got, want, *last in _MISMATCH.findall(text):
        details += mismatches_of(
            entry.instance,
            problem="wrong value" if got != want else "m_axis_tlast is {}, not {}".format(*last),
            layer=layers.get(record, ""),
            record=record,
            beat=int(beat),
            got=got,
            want=want,
        )
    return details

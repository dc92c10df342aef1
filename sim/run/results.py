"""What a regression found: one result per bench, each mismatch by name, and JUnit XML."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from vit2rtl.golden.vectors import packing
from vit2rtl.sim.coverage.code_coverage import Counts


@dataclass(frozen=True)
class Mismatch:
    """One thing that went wrong: a wrong lane of a beat, or a breach of the stream's protocol."""

    instance: str
    problem: str
    layer: str = ""
    record: str = ""
    beat: int | None = None
    lane: int | None = None
    got: str = ""
    want: str = ""

    def __str__(self):
        parts = [self.instance]
        for name in ("layer", "record", "beat", "lane", "got", "want"):
            value = getattr(self, name)
            if value not in ("", None):
                parts.append(f"{name} {value}")
        return f"{', '.join(parts)}: {self.problem}"


@dataclass(frozen=True)
class BenchResult:
    """One bench of one instance on one simulator.

    ``seconds`` is the time in the simulator, ``build_seconds`` the time to compile (0 when the
    build was in the cache). ``mismatches`` counts all, ``details`` has the first of them.
    ``error`` says why the bench could not come to a verdict, ``waves`` is a path where recorded.
    ``coverage`` has the hits of every bin, see :func:`vit2rtl.sim.coverage.functional.collect`;
    ``code_coverage`` has Verilator's counts.
    """

    simulator: str
    bench: str
    instance: str
    beats: int
    mismatches: int
    seconds: float
    build_seconds: float = 0.0
    details: tuple[Mismatch, ...] = ()
    error: str = ""
    log: Path | None = None
    waves: Path | None = None
    cases: int = field(default=1)
    coverage: dict[str, int] | None = None
    code_coverage: Counts | None = None

    @property
    def passed(self):
        return not self.mismatches and not self.error

    @property
    def beats_per_second(self):
        return self.beats / self.seconds if self.seconds else 0.0

    def line(self):
        """One line of a report."""
        return (
            f"{self.simulator:9} {self.bench:10} {self.instance:32} {self.beats:>9,} beats "
            f"{self.mismatches:>6} mismatches {self.beats_per_second:>9,.0f} beats/s  "
            f"{'ok' if self.passed else 'FAIL'}"
        )


def lanes_of(instance, got, want):
    """Where two packed output beats differ: ``(lane, got, want)`` in hex; got may have x digits."""
    width = packing.lane_bits(instance.outputs)
    digits = packing.line_digits(width)
    if any(digit in "xzXZ" for digit in got):
        yield None, f"0x{got}", f"0x{want}"
        return
    beats = int(got, 16), int(want, 16)
    mask = (1 << width) - 1
    for lane in range(instance.lanes):
        a, b = ((beat >> lane * width) & mask for beat in beats)
        if a != b:
            yield lane, f"0x{a:0{digits}x}", f"0x{b:0{digits}x}"


def mismatches_of(instance, *, problem, layer="", record="", beat=None, got=None, want=None):
    """One :class:`Mismatch` for each wrong lane, or a single one where no lane is to blame."""
    place = {"instance": instance.name, "layer": layer, "record": record, "beat": beat}
    if got is not None and want is not None:
        lanes = [
            Mismatch(**place, problem=problem, lane=lane, got=a, want=b)
            for lane, a, b in lanes_of(instance, got, want)
        ]
        if lanes:
            return lanes
    got, want = ("" if value is None else f"0x{value}" for value in (got, want))
    return [Mismatch(**place, problem=problem, got=got, want=want)]


def check_results_path(path):
    """An error before anything runs, where :func:`write_junit` could not write afterwards."""
    path = Path(path).absolute()
    if path.is_dir():
        raise ValueError(f"Results cannot be written to {path}: it is a folder")
    there = next(parent for parent in path.parents if parent.exists())
    if not there.is_dir():
        raise ValueError(f"Results cannot be written to {path}: {there} is not a folder")
    if not os.access(path if path.exists() else there, os.W_OK):
        raise ValueError(f"Results cannot be written to {path}: no permission")


def write_junit(path, results):
    """JUnit XML: a test case per bench, named ``simulator.instance`` / ``bench``."""
    failed = sum(not result.passed and not result.error for result in results)
    errors = sum(bool(result.error) for result in results)
    seconds = sum(result.seconds for result in results)
    counts = {"tests": len(results), "failures": failed, "errors": errors}
    attributes = {name: str(count) for name, count in counts.items()}
    attributes["time"] = f"{seconds:.3f}"
    suites = ElementTree.Element("testsuites", attributes)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "vit2rtl", **attributes})
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"{result.simulator}.{result.instance}",
            name=result.bench,
            time=f"{result.seconds:.3f}",
        )
        properties = ElementTree.SubElement(case, "properties")
        for name in ("beats", "mismatches"):
            value = str(getattr(result, name))
            ElementTree.SubElement(properties, "property", name=name, value=value)
        if not result.passed:
            tag = "error" if result.error else "failure"
            message = result.error or f"{result.mismatches} mismatches"
            problem = ElementTree.SubElement(case, tag, message=message)
            problem.text = "\n".join(map(str, result.details))
        if result.log is not None:
            ElementTree.SubElement(case, "system-out").text = f"log: {result.log}"
    ElementTree.indent(suites)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)

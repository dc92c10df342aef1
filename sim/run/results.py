"""What a regression found: one result per bench, each mismatch by name, and JUnit XML."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_contents import Record
from vit2rtl.sim.coverage.code_coverage import Counts


@dataclass(frozen=True)
class Mismatch:
    """One thing that went wrong: a wrong lane of a beat, or a breach of the stream's protocol.

    ``stream`` is named where the instance gives more than one; ``place`` says what the element is
    to those who made the record.
    """

    instance: str
    problem: str
    layer: str = ""
    record: str = ""
    stream: str = ""
    beat: int | None = None
    lane: int | None = None
    got: str = ""
    want: str = ""
    place: str = ""

    def __str__(self) -> str:
        parts = [*([self.place] if self.place else []), self.instance]
        for name in ("layer", "record", "stream", "beat", "lane", "got", "want"):
            value = getattr(self, name)
            if value not in ("", None):
                parts.append(f"{name} {value}")
        return f"{', '.join(parts)}: {self.problem}"


@dataclass(frozen=True)
class Place:
    """Where something went wrong, as far as it is known."""

    instance: Instance
    stream: Stream | None = None
    record: Record | None = None
    name: str = ""
    beat: int | None = None

    def mismatch(self, problem: str, lane: int | None = None, got: str = "",
                 want: str = "") -> Mismatch:
        several = self.stream is not None and len(self.instance.sinks) > 1
        return Mismatch(
            self.instance.name,
            problem,
            layer=self.record.layer if self.record else "",
            record=self.record.name if self.record else self.name,
            stream=self.stream.name if self.stream and several else "",
            beat=self.beat,
            lane=lane,
            got=got,
            want=want,
        )

    @property
    def lanes(self) -> int:
        """Lanes of that beat that mean something: in a row's last one those with elements."""
        lanes = self.stream.lanes if self.stream else 0
        if self.stream is None or self.record is None or self.instance.lane_wise:
            return lanes
        held = self.record.streams[self.stream.name]
        ends = self.beat is not None and self.beat % held.row_beats == held.row_beats - 1
        return held.columns - (held.row_beats - 1) * lanes if ends else lanes


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
    def passed(self) -> bool:
        return not self.mismatches and not self.error

    @property
    def beats_per_second(self) -> float:
        return self.beats / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON data."""
        counts = self.code_coverage and {
            "sources": dict(self.code_coverage.sources),
            "hits": [[*point, count] for point, count in self.code_coverage.hits.items()]}
        return {
            **{name: value for name, value in vars(self).items() if name != "code_coverage"},
            "details": [asdict(mismatch) for mismatch in self.details],
            "log": self.log and str(self.log), "waves": self.waves and str(self.waves),
            "code_coverage": counts,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "BenchResult":
        """The one that :meth:`as_dict` gave, before or after JSON."""
        counts = data["code_coverage"]
        return cls(**{
            **data, "details": tuple(Mismatch(**mismatch) for mismatch in data["details"]),
            **{name: data[name] and Path(data[name]) for name in ("log", "waves")},
            "code_coverage": counts and Counts(counts["sources"], Counter(
                {tuple(point): count for *point, count in counts["hits"]})),
        })

    def line(self) -> str:
        """One line of a report."""
        return (
            f"{self.simulator:9} {self.bench:10} {self.instance:32} {self.beats:>9,} beats "
            f"{self.mismatches:>6} mismatches {self.beats_per_second:>9,.0f} beats/s  "
            f"{'ok' if self.passed else 'FAIL'}"
        )


def mismatches_of(place: Place, problem: str, got: str = "", want: str = "") -> list[Mismatch]:
    """A mismatch for each wrong lane, or a single one where no lane is to blame.

    got, want  hexadecimal digits of a packed beat, x where unknown or where nothing was due
    """
    if got and want and place.stream is not None:
        lanes = [
            place.mismatch(problem, lane, a, b)
            for lane, a, b in _lanes(place.stream, place.lanes, got, want)
        ]
        if lanes:
            return lanes
    got, want = (value and f"0x{value}" for value in (got, want))
    return [place.mismatch(problem, None, got, want)]


def _lanes(
    stream: Stream, lanes: int, got: str, want: str
) -> Iterator[tuple[int | None, str, str]]:
    """Where two packed beats differ: ``(lane, got, want)`` in hex."""
    if any(digit in "xzXZ" for digit in got + want):
        yield None, f"0x{got}", f"0x{want}"
        return
    width = stream.lane_bits
    digits = packing.line_digits(width)
    beats = int(got, 16), int(want, 16)
    for lane in range(lanes):
        a, b = ((beat >> lane * width) & ((1 << width) - 1) for beat in beats)
        if a != b:
            yield lane, f"0x{a:0{digits}x}", f"0x{b:0{digits}x}"


def check_results_path(path: str | Path) -> None:
    """An error before anything runs, where :func:`write_junit` could not write afterwards."""
    path = Path(path).absolute()
    if path.is_dir():
        raise ValueError(f"Results cannot be written to {path}: it is a folder")
    there = next(parent for parent in path.parents if parent.exists())
    if not there.is_dir():
        raise ValueError(f"Results cannot be written to {path}: {there} is not a folder")
    if not os.access(path if path.exists() else there, os.W_OK):
        raise ValueError(f"Results cannot be written to {path}: no permission")


def write_junit(path: str | Path, results: Sequence[BenchResult]) -> None:
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
        _case(suite, result)
    ElementTree.indent(suites)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def _case(suite: ElementTree.Element, result: BenchResult) -> None:
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

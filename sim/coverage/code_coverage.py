"""Line and toggle coverage as Verilator counts it: merged over benches, written into the source."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vit2rtl.golden.files import atomic

if TYPE_CHECKING:
    from vit2rtl.sim.run.results import BenchResult

FLAGS = ("--coverage-line", "--coverage-toggle")
FOLDER = "code_coverage"
# Verilator's own types of points; a branch is a line that runs under a condition.
_KINDS = {"line": "line", "branch": "line", "toggle": "toggle"}
_POINT = re.compile(r"^C '(.*)' (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Counts:
    """How often each point of a unit's Verilog was met: ``{(file, line, kind, point): hits}``."""

    sources: Mapping[str, str]
    hits: Counter


@dataclass(frozen=True)
class CodeCoverage:
    """Reached points and all points, of lines and of toggles, and the annotated source."""

    instance: str
    lines: tuple[int, int]
    toggles: tuple[int, int]
    folder: Path

    def line(self) -> str:
        shares = [
            f"{kind} {100 * reached / points:.1f} % ({reached:,}/{points:,})"
            for kind, (reached, points) in (("line", self.lines), ("toggle", self.toggles))
            if points
        ]
        return f"code coverage {', '.join(shares)}  {self.instance}, see {self.folder}"


def argument(path: str | Path) -> str:
    """What tells a simulation where to write its counts."""
    return f"+verilator+coverage+file+{path}"


def collect(path: Path, sources: Mapping[str, str]) -> Counts | None:
    """:class:`Counts` of one simulation, of the unit's files alone; its file is removed.

    ``None`` where there is no file: a simulation that ends by an error writes none.
    """
    if not path.exists():
        return None
    hits: Counter = Counter()
    for text, count in _POINT.findall(path.read_text(encoding="utf-8")):
        point = dict(part.split("\2") for part in text.split("\1")[1:])
        kind = _KINDS.get(point["t"])
        if kind and point["f"] in sources:
            place = f"{point.get('o', '')} {point.get('n', '')} {point['page']}"
            hits[point["f"], int(point["l"]), kind, place] += int(count)
    path.unlink()
    return Counts(sources, hits)


def report(results: "Iterable[BenchResult]", out: str | Path) -> list[CodeCoverage]:
    """``list[CodeCoverage]``, an instance each; writes its source, annotated, below ``out``.

    results   :class:`~vit2rtl.sim.run.results.BenchResult`
    """
    merged: dict[str, Counts] = {}
    for result in results:
        if result.code_coverage is not None:
            new = Counts(result.code_coverage.sources, Counter())
            merged.setdefault(result.instance, new).hits.update(result.code_coverage.hits)
    coverages = []
    for instance, counts in merged.items():
        folder = Path(out) / FOLDER / instance
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in counts.sources.items():
            atomic.text(folder / file, _annotated(file, text, counts.hits))
        coverages.append(
            CodeCoverage(instance, _share(counts, "line"), _share(counts, "toggle"), folder)
        )
    return coverages


def _share(counts, kind):
    hits = [count for (*_, of, _), count in counts.hits.items() if of == kind]
    return sum(map(bool, hits)), len(hits)


def _annotated(file, text, hits):
    """Each line behind the fewest hits of its points; ``!`` where one of them has none."""
    fewest: dict[int, int] = {}
    for (where, number, *_), count in hits.items():
        if where == file:
            fewest[number] = min(count, fewest.get(number, count))
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        count = fewest.get(number)
        mark = "" if count is None else f"{'' if count else '!'}{count}"
        lines.append(f"{mark:>9}  {line}".rstrip())
    return "\n".join(lines) + "\n"

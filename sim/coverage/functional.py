"""Functional coverage: which of an instance's bins the simulations reached, and the report."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vit2rtl.golden.files import atomic
from vit2rtl.sim.coverage import pairs, rows
from vit2rtl.sim.coverage.bins import declared, points
from vit2rtl.sim.coverage.monitor import Monitor
from vit2rtl.sim.coverage.protocol import cycle_samples

if TYPE_CHECKING:
    from vit2rtl.sim.run.results import BenchResult

SCHEMA = "vit2rtl.coverage/1"
FILES = (".beats", ".cycles")


@dataclass(frozen=True)
class Coverage:
    """Hits of every declared bin of one instance, over all benches.

    ``hits`` is ``{bin: {simulator: hits}}``, in the order of the declarations.
    """

    instance: str
    hits: dict[str, dict[str, int]]

    @property
    def missing(self) -> list[str]:
        """Bins that no simulation reached."""
        return [label for label, hits in self.hits.items() if not any(hits.values())]

    @property
    def reached(self) -> int:
        return len(self.hits) - len(self.missing)

    def line(self) -> str:
        return f"coverage {self.reached}/{len(self.hits)} bins  {self.instance}"


def collect(monitor: Monitor, path: Path) -> dict[str, int]:
    """Hits of every declared bin in one simulation, from its monitor's files: ``{bin: hits}``.

    The files, ``path`` with the endings of ``FILES``, are read and removed; lines with unknown
    bits, and a last one that was cut off, count for nothing.
    """
    instance, stages = monitor.instance, monitor.stages
    values, protocol = points(instance, stages)
    hits = Counter(dict.fromkeys(declared(instance, stages), 0))
    beats, cycles = (path.with_name(path.name + ending) for ending in FILES)
    if beats.exists():
        read = pairs.samples if instance.lane_wise else rows.samples
        for samples in read(instance, beats):
            for point in values:
                hits.update(point.count(samples))
    if cycles.exists():
        states = _cycles(cycles, len(monitor.cycle) + stages)
        if states:
            samples = cycle_samples(states, stages, monitor.cycle)
            weights = np.fromiter(states.values(), np.int64, len(states))
            for point in protocol:
                hits.update(point.count(samples, weights))
    for file in (beats, cycles):
        file.unlink(missing_ok=True)
    return dict(hits)


def _cycles(path: Path, digits: int) -> Counter[str]:
    """The states in which a clock cycle was, those with known bits."""
    states: Counter[str] = Counter()
    with open(path, encoding="ascii") as lines:
        for line in lines:
            state, _, count = line.partition(" ")
            if len(state) == digits and not state.strip("01") and count.endswith("\n"):
                states[state] += int(count)
    return states


def merged(results: Iterable["BenchResult"]) -> list[Coverage]:
    """One an instance, the hits of all its benches added up."""
    coverages: dict[str, Coverage] = {}
    for result in results:
        if result.coverage is None:
            continue
        new = Coverage(result.instance, {label: {} for label in result.coverage})
        hits = coverages.setdefault(result.instance, new).hits
        for label, count in result.coverage.items():
            hits[label][result.simulator] = hits[label].get(result.simulator, 0) + count
    return list(coverages.values())


def write(folder: Path, coverages: Sequence[Coverage]) -> None:
    """Write ``coverage.json`` and ``coverage.md`` into a folder."""
    report = {
        "schema": SCHEMA,
        "instances": [
            {
                "instance": coverage.instance,
                "bins": len(coverage.hits),
                "reached": coverage.reached,
                "missing": coverage.missing,
                "hits": coverage.hits,
            }
            for coverage in coverages
        ],
    }
    text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    atomic.text(folder / "coverage.json", text)
    atomic.text(folder / "coverage.md", "\n".join(_page(coverages)) + "\n")


def _page(coverages: Sequence[Coverage]) -> Iterator[str]:
    yield "# Functional coverage\n"
    yield "| instance | bins | reached |\n|---|---|---|"
    for coverage in coverages:
        yield f"| `{coverage.instance}` | {len(coverage.hits)} | {coverage.reached} |"
    for coverage in coverages:
        yield f"\n## {coverage.instance}\n"
        yield "| looked at | bins | reached | fewest hits of one |\n|---|---|---|---|"
        totals: dict[str, list[int]] = {}
        for label, hits in coverage.hits.items():
            totals.setdefault(label.partition(": ")[0], []).append(sum(hits.values()))
        for name, counts in totals.items():
            reached = sum(map(bool, counts))
            yield f"| {name} | {len(counts)} | {reached} | {min(counts):,} |"
        if coverage.missing:
            yield "\nNot reached:\n"
            yield from (f"- {label}" for label in coverage.missing)

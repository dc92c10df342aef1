"""Functional coverage: which of an instance's bins the simulations reached, and the report."""

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.files import atomic
from vit2rtl.golden.vectors import packing
from vit2rtl.sim.coverage.bins import declared, points
from vit2rtl.sim.coverage.monitor import configuration_bits, tdata_bits
from vit2rtl.sim.coverage.protocol import CYCLE, cycle_samples

SCHEMA = "vit2rtl.coverage/1"
CHUNK = 1 << 16  # beats that are looked at together
FILES = (".beats", ".cycles")


@dataclass(frozen=True)
class Coverage:
    """Hits of every declared bin of one instance, over all benches.

    ``hits`` is ``{bin: {simulator: hits}}``, in the order of the declarations.
    """

    instance: str
    hits: dict

    @property
    def missing(self):
        """Bins that no simulation reached."""
        return [label for label, hits in self.hits.items() if not any(hits.values())]

    @property
    def reached(self):
        return len(self.hits) - len(self.missing)

    def line(self):
        return f"coverage {self.reached}/{len(self.hits)} bins  {self.instance}"


def collect(monitor, path):
    """Hits of every declared bin in one simulation, from its monitor's files: ``{bin: hits}``.

    The files, ``path`` with the endings of ``FILES``, are read and removed; lines with unknown
    bits, and a last one that was cut off, count for nothing.
    """
    instance, stages = monitor.instance, monitor.stages
    values, protocol = points(instance, stages)
    hits = Counter(dict.fromkeys(declared(instance, stages), 0))
    beats, cycles = (path.with_name(path.name + ending) for ending in FILES)
    if beats.exists():
        for samples in _beats(instance, beats):
            for point in values:
                hits.update(point.count(samples))
    if cycles.exists():
        states = _cycles(cycles, len(CYCLE) + stages)
        if states:
            samples = cycle_samples(states, stages)
            weights = np.fromiter(states.values(), np.int64, len(states))
            for point in protocol:
                hits.update(point.count(samples, weights))
    for file in (beats, cycles):
        file.unlink(missing_ok=True)
    return dict(hits)


def _beats(instance, path):
    """Samples of so many beats at a time: ``{name: int64[beats, lanes]}``, see coverage_values."""
    lanes = instance.lanes
    groups = [
        ("c", instance.configuration, 1, configuration_bits(instance)),
        ("i", instance.inputs, lanes, tdata_bits(instance.inputs, lanes)),
        ("o", instance.outputs, lanes, tdata_bits(instance.outputs, lanes)),
    ]
    digits = [packing.line_digits(bits) for *_, bits in groups]
    length = sum(digits) + len(digits)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK * length):
            lines = np.frombuffer(chunk[: len(chunk) // length * length], np.uint8)
            lines = lines.reshape(-1, length)
            lines = lines[~np.isin(lines, np.frombuffer(b"xzXZ", np.uint8)).any(axis=1)]
            samples, start = {}, 0
            for (prefix, fields, width, bits), columns in zip(groups, digits, strict=True):
                text = lines[:, start : start + columns + 1].copy()
                text[:, -1] = ord("\n")
                start += columns + 1
                words = packing.from_text(text.tobytes(), bits)
                for name, array in packing.unpack(fields, words, width).items():
                    samples[f"{prefix}.{name}"] = array.reshape(-1, width)
            yield samples


def _cycles(path, digits):
    """``Counter`` of the states in which a clock cycle was, those with known bits."""
    states = Counter()
    with open(path, encoding="ascii") as lines:
        for line in lines:
            state, _, count = line.partition(" ")
            if len(state) == digits and not state.strip("01") and count.endswith("\n"):
                states[state] += int(count)
    return states


def merged(results):
    """``list[Coverage]``, one an instance, of :class:`~vit2rtl.sim.run.results.BenchResult`."""
    coverages = {}
    for result in results:
        if result.coverage is None:
            continue
        new = Coverage(result.instance, {label: {} for label in result.coverage})
        hits = coverages.setdefault(result.instance, new).hits
        for label, count in result.coverage.items():
            hits[label][result.simulator] = hits[label].get(result.simulator, 0) + count
    return list(coverages.values())


def write(folder, coverages):
    """Write ``coverage.json`` and ``coverage.md`` into a folder."""
    described = {
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
    text = json.dumps(described, indent=1, ensure_ascii=False) + "\n"
    atomic.text(folder / "coverage.json", text)
    atomic.text(folder / "coverage.md", "\n".join(_page(coverages)) + "\n")


def _page(coverages):
    yield "# Functional coverage\n"
    yield "| instance | bins | reached |\n|---|---|---|"
    for coverage in coverages:
        yield f"| `{coverage.instance}` | {len(coverage.hits)} | {coverage.reached} |"
    for coverage in coverages:
        yield f"\n## {coverage.instance}\n"
        yield "| looked at | bins | reached | fewest hits of one |\n|---|---|---|---|"
        totals = {}
        for label, hits in coverage.hits.items():
            totals.setdefault(label.partition(": ")[0], []).append(sum(hits.values()))
        for name, counts in totals.items():
            reached = sum(map(bool, counts))
            yield f"| {name} | {len(counts)} | {reached} | {min(counts):,} |"
        if coverage.missing:
            yield "\nNot reached:\n"
            yield from (f"- {label}" for label in coverage.missing)

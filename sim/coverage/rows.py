"""Rows as a monitor has seen them: what went in, what came out of it, under which settings."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Stream
from vit2rtl.golden.vectors import packing
from vit2rtl.sim.coverage.monitor import RESET, configuration_bits

CHUNK = 1 << 12  # rows that are looked at together
Words = tuple[str, ...]  # hexadecimal, a beat each


class Sample(NamedTuple):
    """One row of every stream of data, in the order of the instance's streams."""

    rows: tuple[Words, ...]
    configuration: str
    tables: tuple[Words, ...]

    @property
    def alike(self) -> tuple:
        """Equal for samples that fit into one array."""
        return self.configuration, self.tables, tuple(map(len, self.rows))


def samples(instance: Instance, path: Path) -> Iterator[dict[str, np.ndarray]]:
    """Consecutive rows that are alike, as arrays by name: see ``values.py``."""
    data = (*instance.sources, *instance.sinks)
    for _, run in groupby(_Reader(instance).read(path), key=lambda sample: sample.alike):
        alike = list(run)
        for start in range(0, len(alike), CHUNK):
            yield _arrays(instance, data, alike[start : start + CHUNK])


@dataclass
class _Reader:
    """Puts a monitor's lines together: rows that are open, and whole ones without a partner."""

    instance: Instance
    opened: dict[str, list[str]] = field(default_factory=dict)
    whole: dict[str, deque[tuple[Words, str]]] = field(default_factory=dict)
    tables: dict[str, Words] = field(default_factory=dict)

    def read(self, path: Path) -> Iterator[Sample]:
        """Reset drops what was inside; a line that was cut off, or has unknown bits, its row."""
        self._reset()
        with open(path, encoding="ascii") as lines:
            for line in lines:
                words = line.split()
                if words == [RESET]:
                    self._reset()
                elif len(words) == 4 and line.endswith("\n"):
                    self._beat(*words)
                    yield from self._samples()

    def _reset(self) -> None:
        data = (*self.instance.sources, *self.instance.sinks)
        self.opened = {stream.name: [] for stream in self.instance.streams}
        self.whole = {stream.name: deque() for stream in data}

    def _beat(self, name: str, last: str, configuration: str, word: str) -> None:
        self.opened[name].append(word)
        if last != "1":
            return
        row = tuple(self.opened[name])
        self.opened[name] = []
        if name in self.whole:
            self.whole[name].append((row, configuration))
        else:
            self.tables[name] = row

    def _samples(self) -> Iterator[Sample]:
        while all(self.whole.values()):
            rows, configurations = zip(
                *(rows.popleft() for rows in self.whole.values()), strict=True
            )
            tables = tuple(self.tables.get(table.name, ()) for table in self.instance.tables)
            sample = Sample(rows, configurations[0], tables)
            text = "".join("".join(row) for row in (*rows, *tables)) + sample.configuration
            if not set(text) & set("xzXZ"):
                yield sample


def _arrays(
    instance: Instance, data: tuple[Stream, ...], alike: list[Sample]
) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for n, stream in enumerate(data):
        words = [word for sample in alike for word in sample.rows[n]]
        arrays |= _unpacked(stream, words, (len(alike), -1))
    for stream, table in zip(instance.tables, alike[0].tables, strict=True):
        arrays |= _unpacked(stream, table, (-1,)) if table else {}
    text = "".join(f"{sample.configuration}\n" for sample in alike).encode()
    settings = packing.from_text(text, configuration_bits(instance))
    for name, values in packing.unpack(instance.configuration, settings, 1).items():
        arrays[f"c.{name}"] = values.reshape(-1, 1)
    return arrays


def _unpacked(
    stream: Stream, words: tuple[str, ...] | list[str], shape: tuple[int, ...]
) -> dict[str, np.ndarray]:
    text = "".join(f"{word}\n" for word in words).encode()
    beats = packing.from_text(text, stream.tdata_width)
    fields = packing.unpack(stream.fields, beats, stream.lanes)
    return {f"{stream.name}.{name}": values.reshape(shape) for name, values in fields.items()}

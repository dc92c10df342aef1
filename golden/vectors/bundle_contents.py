"""What a bundle holds once it has been read: entries of one instance, records of one setting."""

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.units import Instance, Stream
from vit2rtl.golden.vectors.bundle_files import read_array
from vit2rtl.golden.vectors.memory import Memory


@dataclass(frozen=True)
class RecordStream:
    """What a record holds for one stream, in a ``.mem`` file: rows, or all elements as one row."""

    stream: Stream
    rows: int
    columns: int
    path: Path

    @property
    def memory(self) -> Memory:
        return Memory(self.stream.fields, self.stream.lanes, self.columns)

    @property
    def row_beats(self) -> int:
        return self.memory.row_beats

    @property
    def beats(self) -> int:
        return self.rows * self.row_beats

    def values(self) -> dict[str, np.ndarray]:
        """int64[rows, columns] of each field; int64[elements] of a table, or without rows."""
        matrices = self.memory.rows(self.path.read_bytes())
        if self.stream.rows and not self.stream.entries:
            return matrices
        return {name: matrix.reshape(-1) for name, matrix in matrices.items()}


@dataclass(frozen=True)
class Record:
    """Stimulus and expected output of one instance under one configuration.

    ``elements`` counts those of the first stream that is given, ``beats`` all that are given;
    ``shapes`` are the natural ones of the arrays in ``tensors.npz``.
    """

    name: str
    layer: str
    kind: str
    beats: int
    elements: int
    configuration: Mapping[str, int]
    streams: Mapping[str, RecordStream]
    arrays: Path
    shapes: Mapping[str, tuple[int, ...]]
    instance: Instance = field(repr=False)

    @property
    def stimulus(self) -> Path:
        """The memory file of stream ``i``."""
        return self.streams["i"].path

    @property
    def expected(self) -> Path:
        """The memory file of stream ``o``."""
        return self.streams["o"].path

    def inputs(self) -> dict[str, np.ndarray]:
        """Stimulus by field, unpacked from the memory files: see :meth:`RecordStream.values`."""
        return self._values(self.instance.sources)

    def outputs(self) -> dict[str, np.ndarray]:
        """Expected output by field, unpacked from the memory files."""
        return self._values(self.instance.sinks)

    def tables(self) -> dict[str, np.ndarray]:
        """Tables by field, int64[1, entries]."""
        return self._values(self.instance.tables)

    def tensors(self) -> dict[str, np.ndarray]:
        """Arrays in their natural shapes by name in ``tensors.npz`` (``expected_`` prefixed)."""
        with zipfile.ZipFile(self.arrays) as archive:
            names = [member.removesuffix(".npy") for member in archive.namelist()]
            return {name: read_array(archive, name) for name in names}

    def _values(self, streams: Iterable[Stream]) -> dict[str, np.ndarray]:
        return {
            name: array
            for stream in streams
            for name, array in self.streams[stream.name].values().items()
        }


@dataclass(frozen=True)
class Entry:
    """The records of one instance, and the bench that replays them."""

    instance: Instance
    bench: Path
    records: list[Record]


@dataclass(frozen=True)
class Bundle:
    """A validated bundle: its folder, its manifest, and an entry for each instance."""

    path: Path
    manifest: dict[str, Any]
    entries: list[Entry]

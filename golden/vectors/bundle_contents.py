"""What a bundle holds once it has been read: entries of one instance, records of one setting."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vit2rtl.golden.units import Instance
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_files import read_array


@dataclass(frozen=True)
class Record:
    """Stimulus and expected output of one instance under one configuration.

    ``elements`` counts what was recorded, ``beats`` includes the padding of the last beat;
    ``shapes`` are the natural ones of the arrays in ``tensors.npz``.
    """

    name: str
    layer: str
    kind: str
    beats: int
    elements: int
    configuration: Mapping[str, int]
    stimulus: Path
    expected: Path
    arrays: Path
    shapes: Mapping[str, tuple[int, ...]]
    instance: Instance = field(repr=False)

    def inputs(self):
        """Stimulus as ``{field: int64[elements]}``, unpacked from ``i.mem``."""
        return self._elements(self.instance.inputs, self.stimulus)

    def outputs(self):
        """Expected output as ``{field: int64[elements]}``, unpacked from ``o.mem``."""
        return self._elements(self.instance.outputs, self.expected)

    def tensors(self):
        """Arrays in their natural shapes by name in ``tensors.npz`` (``expected_`` prefixed)."""
        with zipfile.ZipFile(self.arrays) as archive:
            names = [member.removesuffix(".npy") for member in archive.namelist()]
            return {name: read_array(archive, name) for name in names}

    def _elements(self, fields, path):
        values = read_mem(fields, self.instance.lanes, path)
        return {name: array[: self.elements] for name, array in values.items()}


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
    manifest: dict
    entries: list[Entry]


def read_mem(fields, lanes, path):
    """A ``.mem`` file as ``{field: int64[beats * lanes]}``, the padding included."""
    words = packing.from_text(path.read_bytes(), packing.beat_bits(fields, lanes))
    return packing.unpack(fields, words, lanes)

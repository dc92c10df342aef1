"""Beats of a lane-wise unit as its monitor has seen them, each with what it led to."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.vectors import packing
from vit2rtl.sim.coverage.monitor import configuration_bits

CHUNK = 1 << 16  # beats that are looked at together


def samples(instance: Instance, path: Path) -> Iterator[dict[str, np.ndarray]]:
    """So many beats at a time, as arrays by name: see ``values.py``."""
    (source,), (sink,) = instance.sources, instance.sinks
    groups = [
        ("c", instance.configuration, 1, configuration_bits(instance)),
        (source.name, source.fields, source.lanes, source.tdata_width),
        (sink.name, sink.fields, sink.lanes, sink.tdata_width),
    ]
    digits = [packing.line_digits(bits) for *_, bits in groups]
    length = sum(digits) + len(digits)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK * length):
            lines = np.frombuffer(chunk[: len(chunk) // length * length], np.uint8)
            lines = lines.reshape(-1, length)
            lines = lines[~np.isin(lines, np.frombuffer(b"xzXZ", np.uint8)).any(axis=1)]
            arrays, start = {}, 0
            for (prefix, fields, width, bits), columns in zip(groups, digits, strict=True):
                text = lines[:, start : start + columns + 1].copy()
                text[:, -1] = ord("\n")
                start += columns + 1
                words = packing.from_text(text.tobytes(), bits)
                for name, array in packing.unpack(fields, words, width).items():
                    arrays[f"{prefix}.{name}"] = array.reshape(-1, width)
            yield arrays

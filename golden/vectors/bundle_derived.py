"""What is made of a bundle's vectors and manifest: benches, the units' ROMs, further formats."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.units import Instance
from vit2rtl.golden.vectors.bundle_files import located
from vit2rtl.golden.vectors.bundle_formats import check_formats, format_files
from vit2rtl.golden.vectors.bundle_schema import MANIFEST
from vit2rtl.golden.vectors.mem_matrix import Layout
from vit2rtl.golden.vectors.replay import replay_bench


def bench_file(instance: Instance) -> str:
    """Where an instance's bench is."""
    return f"{instance.name}/replay.sv"


def rom_layouts(instance: Instance) -> dict[str, tuple[str, Layout]]:
    """(file, layout) of each ROM of a unit, by name: an entry a line, no more bits than needed."""
    layouts = {}
    for name, entries in instance.unit.roms(instance.parameters).items():
        low, high = min(entries), max(entries)
        bits = width(low, high) if low < 0 else max(high.bit_length(), 1)
        layout = Layout.of((len(entries),), 1, bits=bits, signed=low < 0)
        layouts[name] = f"{instance.name}/roms/{name}.mem", layout
    return layouts


def described_roms(root: Path, instance: Instance) -> list[dict[str, Any]]:
    """What the manifest says of a unit's ROMs, whose files lie in ``root``."""
    return [
        {
            "name": name,
            "file": file,
            "sha256": sha256(root / file),
            "entries": layout.columns,
            "bits": layout.bits,
            "signed": layout.signed,
        }
        for name, (file, layout) in rom_layouts(instance).items()
    ]


def derived_files(
    root: Path, manifest: Mapping[str, Any], instances: Sequence[Instance]
) -> Iterator[tuple[str, str]]:
    """(file, text) of all that this version makes of the vectors that lie in ``root``.

    instances   of the manifest's entries, in their order
    """
    for entry, instance in zip(manifest["entries"], instances, strict=True):
        yield bench_file(instance), replay_bench(instance, entry["records"])
        roms = instance.unit.roms(instance.parameters)
        for name, (file, layout) in rom_layouts(instance).items():
            yield file, layout.text(np.array([roms[name]])).decode("ascii")
    yield from format_files(root, manifest, instances)


def check_derived(
    root: Path, manifest: Mapping[str, Any], instances: Sequence[Instance]
) -> None:
    """ValueError unless these files are there, byte by byte."""
    formats = manifest.get("formats", [])
    if not isinstance(formats, list) or formats != located(MANIFEST, check_formats, formats):
        raise ValueError(f"{MANIFEST}: 'formats' must be a list, each once, not {formats!r}")
    for file, text in derived_files(root, manifest, instances):
        path = root / file
        if not path.is_file():
            raise ValueError(f"{file} is missing")
        if path.read_bytes() != text.encode():
            raise ValueError(
                f"{file} is not what this version makes of the vectors and the manifest: one of "
                "them was edited, or another version wrote it, and "
                "`vit2rtl vectors BUNDLE --out NEW` writes it anew"
            )
    for entry, instance in zip(manifest["entries"], instances, strict=True):
        if entry.get("roms", []) != described_roms(root, instance):
            raise ValueError(f"{MANIFEST}, {instance.name}: 'roms' are not those of its unit")
